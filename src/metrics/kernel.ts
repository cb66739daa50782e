import type { Inspection } from '../backend/inspection'
import { findOwnPlugin, type Networks } from '../cni/conflists'
import { FAMILIES, FAMILY_NAMES, type Family } from '../policy/address'
import { rangesIn } from '../policy/range'
import type { Sample } from './exposition'

/**
 * Samples of what the kernel has. `networks` are those of the conflists, so that a network without attachments gets a
 * sample of 0. Pods have no labels, because a node has many pods, and they come and go.
 */
export function kernelSamples(inspection: Inspection, networks: readonly string[]): Sample[] {
  const places = inspection.places.map(({ name }) => name)
  return [
    ...attachmentSamples(inspection, networks),
    ...places.map(
      (place): Sample => ({
        metric: 'ip_masq_policies',
        labels: { place },
        value: inspection.policies.filter((policy) => policy.place === place).length,
      }),
    ),
    ...places.flatMap((place) => FAMILY_NAMES.map((family) => rangeSample(inspection, place, family))),
    ...places.map(
      (place): Sample => ({
        metric: 'ip_masq_unowned_addresses',
        labels: { place },
        value: inspection.strays.filter((stray) => stray.place === place).length,
      }),
    ),
    { metric: 'ip_masq_unseen_places', value: inspection.unseen.length },
  ]
}

/** The samples if no place could be read. */
export const NOTHING_SEEN: readonly Sample[] = [{ metric: 'ip_masq_unseen_places', value: 1 }]

/** The names of the networks with ip-masq in them. */
export function networksOfOurs({ networks }: Networks): string[] {
  return [...networks.values()].filter(({ plugins }) => findOwnPlugin(plugins)).map(({ name }) => name)
}

/** The network of rules that somebody else wrote is unknown, and its label is empty. */
function attachmentSamples({ places, attachments }: Inspection, networks: readonly string[]): Sample[] {
  return places.flatMap(({ name: place }) => {
    const counts = new Map<string, number>(networks.map((network) => [network, 0]))
    for (const one of attachments) {
      if (one.place !== place) continue
      const network = one.note?.network ?? ''
      counts.set(network, (counts.get(network) ?? 0) + 1)
    }
    return [...counts]
      .sort(byName)
      .map(
        ([network, value]): Sample => ({ metric: 'ip_masq_attachments', labels: { network, place }, value }),
      )
  })
}

function byName([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : 1
}

function rangeSample({ policies }: Inspection, place: string, family: Family): Sample {
  const lengths = policies
    .filter((one) => one.place === place)
    .map(({ policy }) => rangesIn(policy?.families[family]?.exempt ?? []).length)
  const labels = { place, family: FAMILIES[family].nfproto }
  return { metric: 'ip_masq_exempt_ranges', labels, value: lengths.reduce((sum, one) => sum + one, 0) }
}
