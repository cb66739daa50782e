import type { Replacement, Wanted } from '../backend/backend'
import { readNetworks } from '../cni/conflists'
import { type Address, isSameAddress } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import type { NodeState, TakenOver } from '../primary/take-over'
import { once } from '../system/once'
import { lookAtNamespaces } from './namespaces'
import { readNodeCache } from './node-cache'

export interface PrimaryOptions {
  readonly confDir: string
  /** The directories where runtimes keep their results; those below them are read too. */
  readonly cacheDirs: readonly string[]
  /** Removes the masquerade rules of primary plugins that are switched off. Runs after our rules are in place. */
  readonly takeOver: (state: NodeState) => Promise<TakenOver>
}

/** The outcome for our own rules. */
export interface Replaced {
  readonly found: { readonly wanted: readonly Wanted[] }
  readonly replacement: Replacement
  readonly failures: readonly string[]
}

/**
 * The last step of a sync: primary plugins' own masquerade rules, judged by the caches and conflists at that moment.
 * Where sync could not do all of its work, we do not know which addresses have rules of ours, so none counts.
 */
export function takeOverPrimary(
  { takeOver, confDir, cacheDirs }: PrimaryOptions,
  { found, replacement, failures }: Replaced,
): Promise<TakenOver> {
  const { held, unrepaired } = replacement
  const isHeld = (address: Address) => held.some((one) => isSameAddress(one.address, address))
  const isDone = failures.length + unrepaired.length === 0
  const look = once(() => lookAtNamespaces())
  return takeOver({
    networks: readNetworks(confDir).networks.values(),
    known: () => {
      const { attachments, gone } = readNodeCache(cacheDirs)
      return [
        ...attachments.map(({ attachment }) => ({ attachment, isGone: false })),
        ...gone.map(({ attachment }) => ({ attachment, isGone: true })),
      ]
    },
    isUnused(address) {
      const { unseen, addresses } = look()
      return unseen.length === 0 && !addresses.has(formatAddress(address))
    },
    standing: isDone
      ? found.wanted.flatMap(({ addresses }) => addresses.filter((address) => !isHeld(address)))
      : [],
  })
}
