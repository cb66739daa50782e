import { digitsOf, fromMapped } from '../../../policy/address'
import { parsePrinted } from '../../../policy/address-text'
import type { FoundElement } from '../carrier'
import { ATTACHMENTS, OWNERS, POD_MAPS } from '../layout'
import { slotState } from '../notes'
import type { Target } from '../table'
import type { AddressState, SlotState, TableState } from '../table-state'
import { type Block, elementsIn, parseListing } from './blocks'
import { tableOf } from './objects'

/** Parses `list table inet ip-masq`. The sets of `policies` are parsed with their contents. */
export function parseTable(text: string, policies: readonly string[] = []): TableState {
  const table = listedTable(text)
  const states = new Map<string, AddressState>()
  for (const { key, value, comment } of mapElements(table, OWNERS)) {
    const [mapped, owner] = [parsePrinted(key), parsePrinted(value)]
    if (!mapped || !owner) continue
    const address = fromMapped(mapped.value)
    states.set(textKey(key), { address, owner: digitsOf(owner), ...(comment !== undefined && { comment }) })
  }
  for (const map of Object.values(POD_MAPS)) {
    for (const { key, value } of mapElements(table, map)) {
      const address = states.get(key)?.address ?? parsePrinted(key)
      if (address) states.set(key, { ...states.get(key), address, verdict: parseVerdict(value) })
    }
  }
  const slots = mapElements(table, ATTACHMENTS).flatMap(({ key, value, comment }): SlotState[] => {
    const [slot, address] = [parsePrinted(key), parsePrinted(value)]
    if (!slot || !address) return []
    return [slotState(digitsOf(slot), fromMapped(address.value), comment)]
  })
  return { table: tableOf(table, policies), addresses: [...states.values()], slots }
}

function listedTable(text: string): Block {
  return parseListing(text).blocks[0] ?? { head: '', statements: [], blocks: [] }
}

function parseVerdict(text: string): Target {
  const chain = /^goto (\S+)$/.exec(text)?.[1]
  return chain === undefined ? { do: 'foreign', text } : { goto: chain }
}

interface PrintedElement {
  readonly key: string
  readonly value: string
  readonly comment?: string
}

function mapElements(table: Block, map: string): PrintedElement[] {
  return elementsIn(table, `map ${map}`).flatMap((text) => {
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

/** Parses the elements that `get element` printed, one listing for each, in order. */
export function parseGot(text: string): FoundElement[] {
  return parseListing(text).blocks.flatMap((table) =>
    table.blocks.flatMap(({ head }) =>
      mapElements(table, head.slice('map '.length)).map(({ value, comment }): FoundElement => {
        const address = parsePrinted(value)
        return {
          ...(address ? { value: address } : { verdict: parseVerdict(value) }),
          ...(comment !== undefined && { comment }),
        }
      }),
    ),
  )
}

/** Whether a listing has a key twice: then the kernel resized the table during nft's walk. */
export function hasRepeats(text: string): boolean {
  const table = listedTable(text)
  return [OWNERS, ATTACHMENTS, ...Object.values(POD_MAPS)].some((map) => {
    const keys = mapElements(table, map).map(({ key }) => key)
    return new Set(keys).size < keys.length
  })
}

/** The same printed form for an address in all maps: nft prints `::ffff:10.0.0.1` in `owners`, `10.0.0.1` in `pods-ip`. */
function textKey(ownersKey: string): string {
  return ownersKey.includes('.') ? ownersKey.replace('::ffff:', '') : ownersKey
}
