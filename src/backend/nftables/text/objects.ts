import { FAMILIES, FAMILY_NAMES } from '../../../policy/address'
import { parsePrintedRange } from '../../../policy/range-text'
import { PRIORITIES } from '../render'
import { type Chain, DEFAULT_TIMEOUT, type FoundSet, type Line, type SetType, type Table } from '../table'
import { type Block, elementsIn } from './blocks'
import { parseRule } from './rules'

/** Reads a listing of our table as values. The sets of `policies` are read with their contents. */
export function tableOf(listed: Block, policies: readonly string[]): Table {
  const named = (kind: string) =>
    listed.blocks.flatMap((block) =>
      block.head.startsWith(`${kind} `) ? [{ name: block.head.slice(kind.length + 1), block }] : [],
    )
  const isAsked = (set: string) => policies.some((policy) => set.startsWith(`${policy}-`))
  return {
    isDormant: listed.statements.some((statement) => /^flags .*\bdormant\b/.test(statement)),
    sets: [
      ...named('map').map(({ name, block }) => ({ name, type: mapType(block), elements: [] })),
      ...named('set').map(
        ({ name, block }): FoundSet => ({
          name,
          type: setType(block),
          elements: isAsked(name) ? elementsIn(listed, block.head).map(parseElement) : [],
        }),
      ),
    ],
    chains: named('chain').map(({ name, block }) => ({ name, lines: linesOf(block) })),
  }
}

function parseElement(text: string): FoundSet['elements'][number] {
  return parsePrintedRange(text) ?? { do: 'foreign', text }
}

function setType({ statements }: Block): SetType {
  const find = (word: string) =>
    statements.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1)
  return {
    key: typeNamed(find('type')),
    flags: [
      ...(find('timeout') === undefined ? [] : [DEFAULT_TIMEOUT]),
      ...(find('flags')
        ?.split(/\s*,\s*/)
        .sort() ?? []),
    ],
  }
}

/** `type ipv4_addr : verdict` */
function mapType(block: Block): SetType {
  const [key, value, ...more] =
    block.statements
      .find((line) => line.startsWith('type '))
      ?.slice('type '.length)
      .split(' : ') ?? []
  return {
    ...setType(block),
    key: typeNamed(key),
    value: value === 'verdict' && more.length === 0 ? value : typeNamed(value),
  }
}

function typeNamed(name: string | undefined): SetType['key'] {
  return FAMILY_NAMES.find((family) => FAMILIES[family].nftType === name) ?? 'another'
}

function linesOf({ statements, blocks }: Block): Chain['lines'] {
  // A rule with an anonymous set has a block of its own; none of our rules has one.
  return [
    ...statements.map(parseLine),
    ...blocks.map(({ head }) => ({ do: 'foreign', text: `${head} { ... }` }) as const),
  ]
}

function parseLine(text: string): Line {
  const [, type, hook, priority] = /^type (\S+) hook (\S+) priority (.+)$/.exec(text) ?? []
  const number = parsePriority(priority ?? '')
  if (type !== undefined && hook !== undefined && number !== undefined)
    return { do: 'hook', type, hook, priority: number }
  const verdict = /^policy (\S+)$/.exec(text)?.[1]
  return verdict === undefined ? parseRule(text) : { do: 'policy', verdict }
}

/** `-100`, `srcnat`, `srcnat - 1` */
function parsePriority(text: string): number | undefined {
  if (/^-?\d+$/.test(text)) return Number(text)
  const [, name = '', sign = '+', distance = '0'] = /^([a-z]+)(?: ([+-]) (\d+))?$/.exec(text) ?? []
  const base = Object.entries(PRIORITIES).find(([one]) => one === name)?.[1]
  return base === undefined ? undefined : base + Number(`${sign}${distance}`)
}
