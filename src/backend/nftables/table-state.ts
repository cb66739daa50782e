import type { Address } from '../../policy/address'
import type { Carrier, Outcome } from './carrier'
import { toError } from './failure'
import { OWNERS } from './layout'

/** What the maps say of one address: an element of `owners`, of `pods-ip` or `pods-ip6`, or both. */
export interface AddressState {
  readonly address: Address
  readonly owner?: Address
  readonly comment?: string
  /** What happens to the address's packets, as nft prints it; nearly always `goto <chain of a policy>`. */
  readonly verdict?: string
}

/** An element of `attachments`. */
export interface SlotState {
  /** `attachmentDigest` */
  readonly digest: string
  readonly slot: number
  /** Absent: a tombstone. */
  readonly address?: Address
  readonly comment?: string
}

/** What stands in a table, in the words of an nft listing, as it is nested: `head { statements, blocks }`. */
export interface Block {
  readonly head: string
  readonly statements: readonly string[]
  readonly blocks: readonly Block[]
}

/** Everything that stands in our table. */
export interface TableState {
  readonly table: Block
  readonly addresses: readonly AddressState[]
  readonly slots: readonly SlotState[]
  /** The walks through the maps could not be made complete: an element that is not here may exist. */
  readonly mayLack?: boolean
}

/** Said where `mayLack` is. */
export const CHANGES_TOO_FAST = 'table inet ip-masq changes too fast to be read whole'

export const NO_TABLE: TableState = {
  table: { head: '', statements: [], blocks: [] },
  addresses: [],
  slots: [],
}

export function hasObject(table: Block, head: string): boolean {
  return table.blocks.some((block) => block.head === head)
}

/**
 * Whether there is more than what a DEL leaves on a node without a table, which is the map `attachments` with a tombstone.
 * Without `owners` nobody has rules.
 */
export function exists({ table }: TableState): boolean {
  return hasObject(table, `map ${OWNERS}`)
}

/** The elements of `map owners`, `set policy-…-ip`, as texts. */
export function elementsOf(table: Block, head: string): readonly string[] {
  const object = table.blocks.find((block) => block.head === head)
  return (object?.blocks ?? []).find((block) => block.head === 'elements =')?.statements ?? []
}

/** `policies`: those whose sets' contents are asked for. */
export function readTable(carrier: Carrier, action: string, policies: readonly string[] = []): TableState {
  return orNoTable(carrier, action, carrier.readTable(policies))
}

/** Who holds what, without the policies: their lists may be long. */
export function readOwners(carrier: Carrier, action: string): TableState {
  return orNoTable(carrier, action, carrier.readOwners())
}

/** That there is no table is an answer too. */
export function orNoTable(carrier: Carrier, action: string, outcome: Outcome<TableState>): TableState {
  if (outcome.ok) return outcome.value
  if (outcome.failure === 'missing') return NO_TABLE
  throw toError(carrier, action, outcome)
}
