import type { Address } from '../../policy/address'
import { OWNERS } from './layout'
import { EMPTY_TABLE, findMap, type Table, type Target } from './table'

/** The maps' elements for one address: an element of `owners`, of `pods-ip` or `pods-ip6`, or both. */
export interface AddressState {
  readonly address: Address
  /** The holder: `ownerValue`. */
  readonly owner?: string | undefined
  readonly comment?: string | undefined
  readonly verdict?: Target | undefined
}

/** An element of `attachments`. */
export interface SlotState {
  /** The `attachmentDigest`. */
  readonly digest: string
  readonly slot: number
  /** Absent for a tombstone. */
  readonly address?: Address | undefined
  readonly comment?: string | undefined
}

/** Everything that our table has. */
export interface TableState {
  readonly table: Table
  readonly addresses: readonly AddressState[]
  readonly slots: readonly SlotState[]
  /** The walks through the maps could not be completed: an element that is missing here may exist. */
  readonly mayLack?: boolean
}

/** The message where `mayLack` is true. */
export const CHANGES_TOO_FAST = 'table inet ip-masq changes too fast to be read completely'

export const NO_TABLE: TableState = { table: EMPTY_TABLE, addresses: [], slots: [] }

/**
 * Whether the table has more than what a DEL leaves on a node without a table, which is the map `attachments` with a
 * tombstone. Without `owners` nobody has rules.
 */
export function exists({ table }: Pick<TableState, 'table'>): boolean {
  return findMap(table, OWNERS) !== undefined
}
