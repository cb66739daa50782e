import { FAMILY_NAMES } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import type { Inspection, InspectOnly, LivePolicy } from '../inspection'
import type { Carrier, Outcome } from './carrier'
import { toError } from './failure'
import { findAddresses, findSlots } from './find'
import { ACTION, PLACE, placeOf, readPolicies, readStructure, ruleOf, settledStructure } from './inspect'
import { ATTACHMENTS } from './layout'
import { listAttachments } from './listed-attachments'
import { wrongMaps } from './outdated'
import { digestOfOwner } from './owner'
import { findMap } from './table'
import { CHANGES_TOO_FAST, type SlotState } from './table-state'

/** Inspects one address or one pod, by key: it costs the same with 10 pods on the node as with 10,000. */
export function inspectSome(carrier: Carrier, only: InspectOnly): Inspection {
  const need = <T>(outcome: Outcome<T>): T => {
    if (outcome.ok) return outcome.value
    throw toError(carrier, ACTION, outcome)
  }
  const first = readStructure(carrier)
  const wrong = wrongMaps(first)
  const isThere = (map: string) => findMap(first, map) !== undefined && !wrong.includes(map)
  const asked = 'address' in only ? [only.address] : need(carrier.findPod(only.pod))
  const found = need(findAddresses(carrier, asked, isThere))
  const addresses = found.filter(({ owner, verdict }) => owner || verdict)
  const digests = new Set(addresses.flatMap(({ owner }) => (owner ? [digestOfOwner(owner)] : [])))
  const slots = [...digests].flatMap((digest): SlotState[] => {
    const { comment } = isThere(ATTACHMENTS) ? need(findSlots(carrier, digest)) : {}
    return comment === undefined ? [] : [{ digest, slot: 0, comment }]
  })
  const { table, isSure } = settledStructure(carrier, { table: first, addresses })
  const rules = new Map(addresses.map((one) => [formatAddress(one.address), ruleOf(one)]))
  return {
    places: [placeOf(table)],
    attachments: [...listAttachments({ addresses, slots }).values()].map((one) => ({
      ...one,
      place: PLACE,
      rules: one.addresses.flatMap((address) => rules.get(formatAddress(address)) ?? []),
    })),
    strays: addresses.flatMap((one) => (one.owner ? [] : [{ ...ruleOf(one), place: PLACE }])),
    policies: [...readPolicies(table)].map(([name, one]): LivePolicy => {
      return { ...one, name, place: PLACE, families: FAMILY_NAMES }
    }),
    unseen: isSure ? [] : [CHANGES_TOO_FAST],
  }
}
