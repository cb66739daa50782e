import type { Backend, Host } from '../backend'
import { networkDigest } from '../identity'
import { apply } from './apply'
import { DISPATCH, ownerId } from './layout'
import { prune } from './prune'
import { remove } from './remove'
import { replace } from './replace'
import { DIGEST_DIGITS } from './state'
import { type Iptables, runList } from './tool'
import { verify } from './verify'

export function iptables(tools: Iptables, host: Host): Backend {
  return {
    apply: (wanted) => apply(tools, wanted, host.epochSeconds()),
    remove: (attachment, hint) => remove(tools, attachment, hint),
    verify: (wanted) => verify(tools, wanted),
    replace: (wanted, { dryRun }) => replace(tools, wanted, { dryRun, epochSeconds: host.epochSeconds() }),
    prune: (isStale, options) => prune(tools, isStale, options),
    probe: () => probe(tools, host),
    isTableMissing: () => {
      const outcome = runList(tools, 'ip', DISPATCH)
      return !outcome.ok && outcome.failure === 'refused'
    },
    id: ownerId,
    networkDigest: (network) => networkDigest(network).slice(0, DIGEST_DIGITS),
  }
}

/** linux/capability.h */
const CAP_NET_ADMIN = 12n

/** STATUS: what can be seen without starting a process. */
async function probe({ variant }: Iptables, host: Host): Promise<string[]> {
  const missing = [`iptables${variant}-restore`, `ip6tables${variant}-restore`].flatMap((tool) => {
    const found = host.findTool(tool)
    return 'tried' in found ? [`no ${tool} that can be started: ${found.tried.join(', ')}`] : []
  })
  const capabilities = await host.effectiveCapabilities()
  const isDenied = capabilities !== undefined && ((capabilities >> CAP_NET_ADMIN) & 1n) === 0n
  return [...missing, ...(isDenied ? ['CAP_NET_ADMIN is not effective'] : [])]
}
