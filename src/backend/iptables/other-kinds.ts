import { toCniError } from '../../cni/error'
import { FAMILY_NAMES, formatAddress } from '../../policy/address'
import type { Change, Pruned, Replacement, Wanted } from '../backend'
import { attachmentId } from '../identity'
import { hasChain } from './kinds'
import { DISPATCH, includes } from './layout'
import { list, prune } from './prune'
import type { Iptables } from './tool'

/** The kinds of iptables that are not the one in use: a pod has rules there after the host's default was changed. */

/** CHECK: the addresses that have rules there too. */
export function doubledIn(others: readonly Iptables[], { addresses }: Wanted): string[] {
  return others.filter(isInUse).flatMap((one) =>
    list(one)
      .flatMap((listed) => listed.addresses.filter((address) => includes(addresses, address)))
      .map(
        (address) =>
          `${formatAddress(address)}: has rules in iptables${one.variant}, where they should not be`,
      ),
  )
}

interface Work {
  readonly wanted: readonly Wanted[]
  readonly dryRun: boolean
  readonly bootSeconds: number
}

/** Sync: what stands in the kind in use leaves the others. */
export function leaveOthers(
  others: readonly Iptables[],
  replacement: Replacement,
  { wanted, dryRun, bootSeconds }: Work,
): Replacement {
  const held = new Set(replacement.held.map(({ attachment }) => attachmentId(attachment)))
  const free = new Map(
    wanted.flatMap((one) => {
      const id = attachmentId(one.attachment)
      return held.has(id) ? [] : [[id, one] as const]
    }),
  )
  const pruned = others.map((one) => leave(one, free, { dryRun, bootSeconds }))
  const left = new Set(pruned.flatMap(({ removed }) => removed.map(({ id }) => id)))
  const known = new Set(replacement.changes.map(({ attachment }) => attachmentId(attachment)))
  const moved = [...left].flatMap((id): Change[] => {
    const one = free.get(id)
    if (!one || known.has(id)) return []
    return [{ attachment: one.attachment, addresses: one.addresses, what: 'changed' }]
  })
  return {
    ...replacement,
    changes: [
      ...replacement.changes.map((change): Change => {
        return left.has(attachmentId(change.attachment)) ? { ...change, what: 'changed' } : change
      }),
      ...moved,
    ],
    unrepaired: [...replacement.unrepaired, ...pruned.flatMap(({ failures }) => failures)],
  }
}

/** Their new rules stand: what cannot be taken away is reported, and the next sync tries again. */
function leave(
  one: Iptables,
  ids: { has(id: string): boolean },
  options: { readonly dryRun: boolean; readonly bootSeconds: number },
): Pruned {
  try {
    if (!isInUse(one)) return { removed: [], policies: [], failures: [] }
    return prune(one, ({ id }) => ids.has(id), options)
  } catch (error) {
    const { message, details } = toCniError(error)
    return { removed: [], policies: [], failures: [`${message}${details && `: ${details}`}`] }
  }
}

/** Not of a table that is another's, and may be long. */
function isInUse(one: Iptables): boolean {
  return FAMILY_NAMES.some((family) => one.hasTable(family) && hasChain(one, family, DISPATCH))
}
