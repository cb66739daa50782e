import { readNetworks } from '../cni/conflists'
import { readResultCache } from '../cni/result-cache'
import { type Address, formatAddress, isSameAddress } from '../policy/address'
import type { TakenOver } from '../primary/take-over'
import { lookAtNamespaces, type Sight } from './namespaces'
import { isNetnsGone } from './netns'
import type { Outcome, SyncOptions } from './sync'

/**
 * The last step of a sync: primary plugins' own masquerade rules, by what is in the caches and conflists then. Where sync
 * could not do all of its job, it is not known which addresses have rules of ours, so none of them counts.
 */
export function takeOverPrimary(
  { takeOver, confDir, cacheDir }: Pick<SyncOptions, 'takeOver' | 'confDir' | 'cacheDir'>,
  { sources, replacement, failures }: Outcome,
): Promise<TakenOver> {
  const { held, unrepaired } = replacement
  const isHeld = (address: Address) => held.some((one) => isSameAddress(one.address, address))
  const isDone = failures.length + unrepaired.length === 0
  let sight: Sight | undefined
  return takeOver({
    networks: readNetworks(confDir).networks.values(),
    known: () =>
      readResultCache(cacheDir).attachments.map(({ attachment, netns }) => ({
        attachment,
        isGone: netns !== undefined && isNetnsGone(netns),
      })),
    isUnused(address) {
      sight ??= lookAtNamespaces()
      return sight.unseen.length === 0 && !sight.addresses.has(formatAddress(address))
    },
    standing: isDone
      ? sources.wanted.flatMap(({ addresses }) => addresses.filter((address) => !isHeld(address)))
      : [],
  })
}
