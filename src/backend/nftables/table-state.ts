import type { Attachment } from '../../cni/attachment'
import { type Address, fromMapped, parsePrinted } from '../../policy/address'
import { OWNERS, POD_MAPS } from './layout'
import { type Block, elementsOf, parseListing } from './listing'
import { type NftProcess, runList, toError } from './nft'
import { ownerPrefix, ownerTest } from './owner'
import { TABLE } from './render'

/** What a listing says of one address: an element of `owners`, of `pods-ip` or `pods-ip6`, or both. */
export interface AddressState {
  readonly address: Address
  readonly owner?: Address
  readonly comment?: string
  /** The chain that the address's packets go to. */
  readonly goto?: string
}

/** Everything that stands in our table. */
export interface TableState {
  readonly table: Block
  readonly addresses: readonly AddressState[]
}

const NO_TABLE: TableState = { table: { head: '', statements: [], blocks: [] }, addresses: [] }

/** Parses `list table inet ip-masq`, or a `list map` of a part of it. */
export function parseTable(text: string): TableState {
  const table = parseListing(text).blocks[0] ?? NO_TABLE.table
  const states = new Map<string, AddressState>()
  for (const element of elementsOf(table, `map ${OWNERS}`)) {
    const [, key = '', comment, value = ''] = /^(\S+)(?: comment "([^"]*)")? : (\S+)$/.exec(element) ?? []
    const [mapped, owner] = [parsePrinted(key), parsePrinted(value)]
    if (!mapped || !owner) continue
    const address = fromMapped(mapped.value)
    states.set(textKey(key), { address, owner, ...(comment !== undefined && { comment }) })
  }
  for (const map of Object.values(POD_MAPS)) {
    for (const element of elementsOf(table, `map ${map}`)) {
      const [, key = '', goto = ''] = /^(\S+)(?: comment "[^"]*")? : goto (\S+)$/.exec(element) ?? []
      const address = states.get(key)?.address ?? parsePrinted(key)
      if (address) states.set(key, { ...states.get(key), address, goto })
    }
  }
  return { table, addresses: [...states.values()] }
}

export interface OwnedAddress {
  readonly address: Address
  readonly owner: Address
}

/**
 * The addresses of one attachment in a listing of `owners`. On the path of every DEL without prevResult, and so
 * not by way of `parseTable`: it looks only where the attachment's value can begin (1,000 owners: 0.1 ms, not 17).
 */
export function findOwned(listing: string, attachment: Attachment): OwnedAddress[] {
  const [needle, isOwn] = [` : ${ownerPrefix(attachment)}`, ownerTest(attachment)]
  const found: OwnedAddress[] = []
  for (let at = listing.indexOf(needle); at >= 0; at = listing.indexOf(needle, at + 1)) {
    const start = Math.max(listing.lastIndexOf('{', at), listing.lastIndexOf(',', at)) + 1
    const key = listing.slice(start, at).trim().split(' ', 1)[0] ?? ''
    const value = /^[0-9a-f:.]+/.exec(listing.slice(at + 3, at + 64))?.[0] ?? ''
    const [mapped, owner] = [parsePrinted(key), parsePrinted(value)]
    if (mapped && owner && isOwn(owner)) found.push({ address: fromMapped(mapped.value), owner })
  }
  return found
}

/** One printed form for an address in all maps: nft prints `::ffff:10.0.0.1` in `owners`, `10.0.0.1` in `pods-ip`. */
function textKey(ownersKey: string): string {
  return ownersKey.includes('.') ? ownersKey.replace('::ffff:', '') : ownersKey
}

export function exists({ table }: TableState): boolean {
  return table.head !== ''
}

/** Reads it; that there is no table is an answer too. */
export function readTable(nft: NftProcess, action: string): TableState {
  return read(nft, `table ${TABLE}`, action)
}

/** Who holds what, without the policies: their lists may be long. */
export function readOwners(nft: NftProcess, action: string): TableState {
  return read(nft, `map ${TABLE} ${OWNERS}`, action)
}

function read(nft: NftProcess, what: string, action: string): TableState {
  const outcome = runList(nft, what)
  if (outcome.ok) return parseTable(outcome.stdout)
  if (outcome.failure === 'missing') return NO_TABLE
  throw toError(nft, action, outcome)
}
