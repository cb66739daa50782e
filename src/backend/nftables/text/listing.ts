import type { Attachment } from '../../../cni/attachment'
import { fromMapped, parsePrinted } from '../../../policy/address'
import { OWNERS, POD_MAPS } from '../layout'
import { ownerTest } from '../owner'
import { ownerPrefix } from '../owner-notes'
import {
  type AddressState,
  type Block,
  elementsOf,
  NO_TABLE,
  type OwnedAddress,
  type TableState,
} from '../table-state'

interface OpenBlock extends Block {
  readonly statements: string[]
  readonly blocks: OpenBlock[]
}

/**
 * Text, not `nft -j`: some distributions build nft without JSON. Statements end at a line's end or ";", but at
 * "," in a list of elements; strings (comments) may hold any of these.
 */
export function parseListing(text: string): Block {
  const root: OpenBlock = { head: '', statements: [], blocks: [] }
  const open: OpenBlock[] = [root]
  let statement = ''
  for (const [token] of text.matchAll(/"[^"]*"|[{};,\n]|[^"{};,\n]+/g)) {
    const block = open.at(-1) ?? root
    const isList = block.head.endsWith('=')
    if (token === '{') {
      const inner: OpenBlock = { head: collapse(statement), statements: [], blocks: [] }
      block.blocks.push(inner)
      open.push(inner)
      statement = ''
    } else if (token === '}' || token === (isList ? ',' : '\n') || (token === ';' && !isList)) {
      if (statement.trim() !== '') block.statements.push(collapse(statement))
      statement = ''
      if (token === '}') open.pop()
    } else {
      statement += token === '\n' ? ' ' : token
    }
  }
  return root
}

function collapse(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}

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

/** Whether a listing of the owners has the mark. */
export function hasMark(listing: string): boolean {
  return /(?:^|[\s{,]):: comment "iptables" : ::1(?:[\s,}]|$)/.test(listing)
}
