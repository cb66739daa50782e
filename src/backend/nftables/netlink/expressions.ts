import { encodeHex } from '#system/text'
import { LIST_ELEMENT, type Verdict, writeData } from './data'
import { readData, verdictText } from './decode-data'
import { listAttributes, parseAttributes, readText, readU32 } from './wire'
import type { Writer } from './writer'

/**
 * A rule as the kernel has it: expressions that work on registers, one after the other, until one stops the rule or gives
 * a verdict. Source: linux/netfilter/nf_tables.h; a name and an attribute here are `NFTA_<NAME>_<ATTRIBUTE>` there.
 */
export interface Expression {
  readonly name: string
  readonly attributes: Readonly<Record<string, Value>>
}

/** A number, a name, bytes, or where a packet is sent. */
export type Value = number | string | Uint8Array | Verdict

type Kind = 'u32' | 'text' | 'data'

/** The kernel's number and the kind of each attribute, in the order in which nft writes them. */
const ATTRIBUTES: Readonly<Record<string, Readonly<Record<string, readonly [number, Kind]>>>> = {
  meta: { key: [2, 'u32'], dreg: [1, 'u32'] },
  ct: { key: [2, 'u32'], dreg: [1, 'u32'] },
  payload: { dreg: [1, 'u32'], base: [2, 'u32'], offset: [3, 'u32'], len: [4, 'u32'] },
  cmp: { sreg: [1, 'u32'], op: [2, 'u32'], data: [3, 'data'] },
  lookup: { sreg: [2, 'u32'], dreg: [3, 'u32'], set: [1, 'text'], flags: [5, 'u32'] },
  bitwise: { sreg: [1, 'u32'], dreg: [2, 'u32'], len: [3, 'u32'], mask: [4, 'data'], xor: [5, 'data'] },
  byteorder: { sreg: [1, 'u32'], dreg: [2, 'u32'], op: [3, 'u32'], len: [4, 'u32'], size: [5, 'u32'] },
  immediate: { dreg: [1, 'u32'], data: [2, 'data'] },
  numgen: { dreg: [1, 'u32'], modulus: [2, 'u32'], type: [3, 'u32'], offset: [4, 'u32'] },
  masq: { flags: [1, 'u32'], proto_min: [2, 'u32'], proto_max: [3, 'u32'] },
  nat: {
    type: [1, 'u32'],
    family: [2, 'u32'],
    addr_min: [3, 'u32'],
    addr_max: [4, 'u32'],
    proto_min: [5, 'u32'],
    proto_max: [6, 'u32'],
    flags: [7, 'u32'],
  },
}

/** NFTA_EXPR_NAME, NFTA_EXPR_DATA */
const EXPRESSION = { name: 1, data: 2 } as const

export function writeExpression(writer: Writer, { name, attributes }: Expression): void {
  writer.nest(LIST_ELEMENT, () => {
    writer.text(EXPRESSION.name, name)
    writer.nest(EXPRESSION.data, () => {
      for (const [attribute, [type]] of Object.entries(ATTRIBUTES[name] ?? {})) {
        const value = attributes[attribute]
        if (value === undefined) continue
        if (typeof value === 'number') writer.u32(type, value)
        else if (typeof value === 'string') writer.text(type, value)
        else writeData(writer, type, value)
      }
    })
  })
}

/** Reads NFTA_RULE_EXPRESSIONS. Expressions that our rules never use are returned by name only. */
export function readExpressions(bytes: Uint8Array | undefined): Expression[] {
  return [...listAttributes(bytes ?? new Uint8Array())].map(([, element]) => {
    const parts = parseAttributes(element)
    const name = readText(parts.get(EXPRESSION.name))
    const data = parts.get(EXPRESSION.data)
    return { name, attributes: readKnown(name, data) }
  })
}

function readKnown(name: string, data: Uint8Array | undefined): Expression['attributes'] {
  const found = parseAttributes(data ?? new Uint8Array())
  const attributes: Record<string, Value> = {}
  for (const [attribute, [type, kind]] of Object.entries(ATTRIBUTES[name] ?? {})) {
    const bytes = found.get(type)
    if (!bytes) continue
    const value = kind === 'u32' ? readU32(bytes) : kind === 'text' ? readText(bytes) : readData(bytes)
    if (value !== undefined) attributes[attribute] = value
  }
  return attributes
}

/** NF_NAT_RANGE_MAP_IPS, NF_NAT_RANGE_PROTO_SPECIFIED. The kernel adds them to a rule's flags if its registers need them. */
const IMPLIED_FLAGS = 0x3

/**
 * Returns equal values for equal rules, whether a rule is as we write it or as the kernel returns it. The kernel adds
 * some attributes that are 0, the end of a range of one, and flags.
 */
export function comparable(expressions: readonly Expression[]): readonly Expression[] {
  return expressions.map(({ name, attributes }) => {
    const { addr_min, addr_max, proto_min, proto_max, flags } = attributes
    const all: Record<string, Value | undefined> = {
      ...attributes,
      ...(addr_max === addr_min && { addr_max: undefined }),
      ...(proto_max === proto_min && { proto_max: undefined }),
      ...(['nat', 'masq'].includes(name) && { flags: Number(flags ?? 0) & ~IMPLIED_FLAGS }),
    }
    const said: Record<string, Value> = {}
    // For a lookup in a map, register 0 means the verdict, while no register means that nothing is stored.
    for (const [key, value] of Object.entries(all))
      if (value !== undefined && (value !== 0 || key === 'dreg')) said[key] = value
    return { name, attributes: said }
  })
}

/**
 * Words expressions for people. Only nft knows what nft would print, but a verdict is clear, and so is what a rule looks
 * at.
 */
export function wordExpressions(expressions: readonly Expression[]): string {
  return expressions
    .map(({ name, attributes }) => {
      const { data } = attributes
      if (name === 'immediate' && isVerdict(data)) return verdictText(data)
      const words = Object.entries(attributes).map(([key, value]) => `${key} ${wordValue(value)}`)
      return `[ ${[name, ...words].join(' ')} ]`
    })
    .join(' ')
}

function wordValue(value: Value): string {
  if (value instanceof Uint8Array) return `0x${encodeHex(value)}`
  return isVerdict(value) ? verdictText(value) : `${value}`
}

export function isVerdict(value: Value | undefined): value is Verdict {
  return typeof value === 'object' && !(value instanceof Uint8Array)
}
