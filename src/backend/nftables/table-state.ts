import { find } from '../../lists'
import type { Address } from '../../policy/address'
import type { Carrier } from './carrier'
import { toError } from './failure'

/** What a listing says of one address: an element of `owners`, of `pods-ip` or `pods-ip6`, or both. */
export interface AddressState {
  readonly address: Address
  readonly owner?: Address
  readonly comment?: string
  /** The chain that the address's packets go to. */
  readonly goto?: string
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
}

export const NO_TABLE: TableState = { table: { head: '', statements: [], blocks: [] }, addresses: [] }

export interface OwnedAddress {
  readonly address: Address
  readonly owner: Address
}

export function exists({ table }: TableState): boolean {
  return table.head !== ''
}

/** The elements of `map owners`, `set policy-…-ip`, as texts. */
export function elementsOf(table: Block, head: string): readonly string[] {
  const object = find(table.blocks, (block) => block.head === head)
  return find(object?.blocks ?? [], (block) => block.head === 'elements =')?.statements ?? []
}

/** Reads it; that there is no table is an answer too. `policies`: those whose sets' contents are asked for. */
export function readTable(
  carrier: Carrier,
  action: string,
  { policies = [], isAtOnce = false }: { policies?: readonly string[]; isAtOnce?: boolean } = {},
): TableState {
  const outcome = carrier.readTable(policies, isAtOnce)
  if (outcome.ok) return outcome.value
  if (outcome.failure === 'missing') return NO_TABLE
  throw toError(carrier, action, outcome)
}

/** Who holds what, without the policies: their lists may be long. */
export function readOwners(carrier: Carrier, action: string): TableState {
  const outcome = carrier.readOwners()
  if (outcome.ok) return outcome.value
  if (outcome.failure === 'missing') return NO_TABLE
  throw toError(carrier, action, outcome)
}
