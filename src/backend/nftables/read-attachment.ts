import type { Address } from '../../policy/address'
import { attachmentDigest } from '../identity'
import type { Carrier, Outcome } from './carrier'
import { toError } from './failure'
import { type FoundSlots, findAddresses, findSlots, NO_SLOTS } from './find'
import { ATTACHMENTS, OWNERS } from './layout'
import { hasLayout, wrongMaps } from './outdated'
import { digestOfOwner } from './owner'
import { EMPTY_TABLE, findMap, type Table } from './table'
import { type AddressState, NO_TABLE, type TableState } from './table-state'

/** The table's elements for one attachment, looked up by key: the elements of others are not read. */
export interface AttachmentState {
  readonly table: Table
  readonly slots: FoundSlots
  /** The maps' elements for the requested addresses, and for all others that the attachment has. */
  readonly addresses: readonly AddressState[]
  /** Everybody's elements, if the table is of an older layout. */
  readonly all?: TableState
}

export interface Asked {
  readonly action: string
  readonly attachment: { readonly containerID: string; readonly ifname: string }
  readonly addresses: readonly Address[]
  /** The policies whose sets are read with their contents. */
  readonly policies?: readonly string[]
}

export function readAttachment(
  carrier: Carrier,
  { action, attachment, addresses, policies = [] }: Asked,
): AttachmentState {
  const need = <T>(outcome: Outcome<T>): T => {
    if (outcome.ok) return outcome.value
    throw toError(carrier, action, outcome)
  }
  const structure = carrier.readStructure(policies)
  const isAbsent = !structure.ok && structure.failure === 'missing'
  const table = isAbsent ? EMPTY_TABLE : need(structure)
  const digest = attachmentDigest(attachment)
  const wrong = wrongMaps(table)
  const isThere = (map: string) => findMap(table, map) !== undefined && !wrong.includes(map)
  const slots = isThere(ATTACHMENTS) ? need(findSlots(carrier, digest, addresses.length + 1)) : NO_SLOTS
  const all = hasLayout(table) || !isThere(OWNERS) ? undefined : need(carrier.readOwners())
  const own = (all ?? NO_TABLE).addresses.filter(({ owner }) => owner && digestOfOwner(owner) === digest)
  const asked = [...addresses, ...slots.addresses, ...own.map(({ address }) => address)]
  return {
    table,
    slots,
    // A look-up in a map of another type would be refused.
    addresses: need(findAddresses(carrier, asked, isThere)),
    ...(all && { all }),
  }
}
