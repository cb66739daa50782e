import { attachmentId } from '../backend/identity'
import type { Inspection, LiveAttachment, PlaceName } from '../backend/inspection'
import { parseAddresses } from '../cni/prev-result'
import type { CachedAttachment, ResultCache } from '../cni/result-cache'
import { type Address, isSameAddress } from '../policy/address'
import type { Policy } from '../policy/policy'

/** The sender of the packets: an address, or a pod as `namespace/name`. */
export type Subject = { readonly address: Address } | { readonly pod: string }

/** One address of a pod, and what is known about it. */
export interface PodAddress {
  readonly address: Address
  /** What the kernel does with the address, in the order in which packets come to the places. */
  readonly rules: readonly LivePodRule[]
  readonly live?: LiveAttachment
  readonly cached?: CachedAttachment
}

export interface LivePodRule {
  readonly place: PlaceName
  readonly policyName?: string
  /** Absent if the rules are not as we write them. */
  readonly policy?: Policy
  readonly foreign: readonly string[]
}

/** The chain in nftables is hooked before all nat tables of iptables. */
const ORDER: readonly PlaceName[] = ['nftables', 'iptables', 'iptables-nft', 'iptables-legacy']

/** The subject's addresses that have rules. */
export function liveAddresses(inspection: Inspection, subject: Subject): PodAddress[] {
  const { attachments, strays } = inspection
  const found: PodAddress[] = []
  for (const live of attachments) {
    for (const address of live.addresses) {
      const isOne = 'pod' in subject ? mayBe(live, subject.pod) : isSameAddress(address, subject.address)
      if (isOne && !found.some((one) => isSameAddress(one.address, address)))
        found.push({ address, live, rules: rulesOf(inspection, address) })
    }
  }
  if (found.length > 0 || 'pod' in subject) return found
  return strays
    .filter(({ address }) => isSameAddress(address, subject.address))
    .slice(0, 1)
    .map(({ address }) => ({ address, rules: rulesOf(inspection, address) }))
}

/** A note may contain only the beginning of a long name. */
function mayBe({ note }: LiveAttachment, pod: string): boolean {
  return note !== undefined && note.pod !== '' && pod.startsWith(note.pod)
}

/** Keeps the pod's own addresses, now that the caches have said whose they are. A note that was cut does not say it. */
export function ofPod(addresses: readonly PodAddress[], subject: Subject): PodAddress[] {
  if (!('pod' in subject)) return [...addresses]
  return addresses.filter(
    ({ cached, live }) => (cached ? cached.attachment.pod : live?.note?.pod) === subject.pod,
  )
}

function rulesOf({ attachments, strays, policies }: Inspection, address: Address): LivePodRule[] {
  const all = [
    ...attachments.flatMap(({ place, rules }) => rules.map((rule) => ({ ...rule, place }))),
    ...strays,
  ]
  return all
    .filter((rule) => isSameAddress(rule.address, address))
    .map(({ place, policy: policyName, foreign }): LivePodRule => {
      const live = policies.find(
        (one) => one.place === place && one.name === policyName && one.families.includes(address.family),
      )
      return {
        place,
        foreign: [...foreign, ...(live?.foreign ?? [])],
        ...(policyName !== undefined && { policyName }),
        ...(live?.policy && { policy: live.policy }),
      }
    })
    .sort((a, b) => ORDER.indexOf(a.place) - ORDER.indexOf(b.place))
}

/** Adds what the caches know about the pods. `read` reads the entries whose names have this end, or all. */
export function withCache(
  addresses: readonly PodAddress[],
  read: (suffix?: string) => ResultCache,
): PodAddress[] {
  const known = new Map<string, CachedAttachment | undefined>()
  return addresses.map((one) => {
    const { live } = one
    if (!live?.note) return one
    const { id } = live
    if (!known.has(id)) {
      const { containerID, ifname } = live.note
      const { attachments } = read(`-${containerID}-${ifname}`)
      known.set(
        id,
        attachments.find(({ attachment }) => attachmentId(attachment) === id),
      )
    }
    const cached = known.get(id)
    return cached ? { ...one, cached } : one
  })
}

/** What the caches know about the subject, if the kernel has no rules for it. */
export function cachedAddresses({ attachments }: ResultCache, subject: Subject): PodAddress[] {
  return attachments.flatMap((cached) => {
    if ('pod' in subject && cached.attachment.pod !== subject.pod) return []
    return addressesIn(cached).flatMap((address): PodAddress[] =>
      'pod' in subject || isSameAddress(address, subject.address) ? [{ address, cached, rules: [] }] : [],
    )
  })
}

function addressesIn({ result, attachment }: CachedAttachment): Address[] {
  try {
    return parseAddresses(result, attachment.ifname).map(({ address }) => address)
  } catch {
    return []
  }
}
