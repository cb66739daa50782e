import { fromMapped, parsePrinted } from '../../../policy/address'
import type { FoundElement } from '../carrier'
import { ATTACHMENTS, OWNERS, POD_MAPS } from '../layout'
import { slotState } from '../slot-notes'
import {
  type AddressState,
  type Block,
  elementsOf,
  NO_TABLE,
  type SlotState,
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
  for (const { key, value, comment } of mapElements(table, OWNERS)) {
    const [mapped, owner] = [parsePrinted(key), parsePrinted(value)]
    if (!mapped || !owner) continue
    const address = fromMapped(mapped.value)
    states.set(textKey(key), { address, owner, ...(comment !== undefined && { comment }) })
  }
  for (const map of Object.values(POD_MAPS)) {
    for (const { key, value: verdict } of mapElements(table, map)) {
      const address = states.get(key)?.address ?? parsePrinted(key)
      if (address) states.set(key, { ...states.get(key), address, verdict })
    }
  }
  const slots = mapElements(table, ATTACHMENTS).flatMap(({ key, value, comment }): SlotState[] => {
    const [slot, address] = [parsePrinted(key), parsePrinted(value)]
    if (!slot || !address) return []
    return [slotState(slot, { value: address, ...(comment !== undefined && { comment }) })]
  })
  return { table, addresses: [...states.values()], slots }
}

interface PrintedElement {
  readonly key: string
  readonly value: string
  readonly comment?: string
}

function mapElements(table: Block, map: string): PrintedElement[] {
  return elementsOf(table, `map ${map}`).flatMap((text) => {
    const element = parseElement(text)
    return element ? [element] : []
  })
}

/** `10.0.0.1 timeout 2m expires 1m59s comment "a : b" : goto c`; versions of nft print the parts in different orders. */
function parseElement(text: string): PrintedElement | undefined {
  const comment = / comment "([^"]*)"/.exec(text)?.[1]
  const rest = text.replace(/ comment "[^"]*"/, '')
  const [, key, value] = /^(\S+)(?: (?:timeout|expires) \S+)* : (.+)$/.exec(rest) ?? []
  if (key === undefined || value === undefined) return undefined
  return { key, value, ...(comment !== undefined && { comment }) }
}

/** The elements that `get element` printed, one listing for each, in order. */
export function parseGot(text: string): FoundElement[] {
  return parseListing(text).blocks.flatMap((table) =>
    table.blocks.flatMap(({ head }) =>
      mapElements(table, head.slice('map '.length)).map(({ value, comment }): FoundElement => {
        const address = parsePrinted(value)
        return {
          ...(address ? { value: address } : { verdict: value }),
          ...(comment !== undefined && { comment }),
        }
      }),
    ),
  )
}

/** Whether a listing names a key twice: then nft's walk went through a table that the kernel resized. */
export function hasRepeats(text: string): boolean {
  const table = parseListing(text).blocks[0] ?? NO_TABLE.table
  return [OWNERS, ATTACHMENTS, ...Object.values(POD_MAPS)].some((map) => {
    const keys = mapElements(table, map).map(({ key }) => key)
    return new Set(keys).size < keys.length
  })
}

/** One printed form for an address in all maps: nft prints `::ffff:10.0.0.1` in `owners`, `10.0.0.1` in `pods-ip`. */
function textKey(ownersKey: string): string {
  return ownersKey.includes('.') ? ownersKey.replace('::ffff:', '') : ownersKey
}
