import type { Listed } from '../backend/backend'
import { type Address, isSameAddress } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import { readNodeCache } from '../sync/node-cache'
import { isUnproven, type PruneReport, pruneGone } from '../sync/prune'
import { enterHostRoot } from './host-root'
import { renderGc } from './report'
import { gcJson } from './report-json'
import { requireRoot } from './root'
import type { GcOptions } from './rows/gc'
import type { World } from './world'

/**
 * `ip-masq gc` is for runtimes that never send the verb GC (containerd). It accepts --conf-dir and --profile like sync,
 * and ignores both.
 */
export async function gcCommand(options: GcOptions, world: World): Promise<number> {
  requireRoot('gc')
  if (options.root !== undefined) enterHostRoot(options.root)
  const pruned = await pruneGone(world.backend(), {
    ...options,
    readCache: () => readNodeCache(options.cacheDirs),
    ...(options.addresses.length > 0 && { isToldGone: true, isCandidate: hasOneOf(options.addresses) }),
  })
  const { doubt } = pruned
  const told = toldOf(pruned, options.addresses)
  const failures = [
    ...pruned.failures,
    ...pruned.absent,
    ...(doubt === undefined ? [] : [doubt]),
    ...told.absent.map((address) => `no attachment here has the address ${formatAddress(address)}`),
  ]
  const report = { ...pruned, kept: [...told.known, ...pruned.kept], failures }
  await world.write(options.json ? `${JSON.stringify(gcJson(report))}\n` : renderGc(report, options))
  const isDifferent = options.dryRun && report.removed.length + report.policies.length > 0
  const isLeft = options.addresses.length > 0 ? report.kept.length > 0 : report.kept.some(isUnproven)
  return failures.length > 0 || isDifferent || isLeft ? 1 : 0
}

function hasOneOf(addresses: readonly Address[]): (listed: Pick<Listed, 'addresses'>) => boolean {
  return (listed) => listed.addresses.some((own) => addresses.some((address) => isSameAddress(own, address)))
}

/** Finds the named addresses that no attachment has, and those whose attachments are in a result cache. */
function toldOf({ removed, known, kept }: PruneReport, addresses: readonly Address[]) {
  if (addresses.length === 0) return { absent: [], known: [] }
  const found = [...removed, ...[...known, ...kept].map(({ listed }) => listed)]
  const isFound = (address: Address) => found.some(hasOneOf([address]))
  return { absent: addresses.filter((address) => !isFound(address)), known }
}
