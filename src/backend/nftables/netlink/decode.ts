import { type Address, FAMILY_NAMES, type Family, familyOf, fromMapped } from '../../../policy/address'
import { formatRange, rangeBetween } from '../../../policy/range'
import { renderRule } from '../render'
import type { Rule, Translation } from '../transaction'
import { canonical, type Expression, readData, readExpressions, type Value, VERDICTS } from './expressions'
import { COMMENT, ELEMENT, ELEMENTS, INTERVAL_END } from './protocol'
import { addressOfBytes, expressionsOf, hexOf, PROTOCOLS, WIRE_FAMILIES } from './rules'
import { type Attributes, attributesOf, listAttributes, type Message, parseAttributes, readU32 } from './wire'

/** What the kernel gives back, in the words in which nft would list it: CHECK compares those. */

/** An element of a set or map, as far as ours have it. */
export interface FoundElement {
  readonly key: Uint8Array
  readonly value?: Uint8Array
  readonly goto?: string
  readonly comment?: string
  readonly isIntervalEnd: boolean
}

/** NFTA_SET_ELEM_LIST_ELEMENTS of one message. */
export function* elementsIn(attributes: Attributes): Generator<FoundElement> {
  for (const [, element] of listAttributes(attributes.get(ELEMENTS.elements) ?? new Uint8Array())) {
    const parts = parseAttributes(element)
    const key = readData(parts.get(ELEMENT.key))
    if (!(key instanceof Uint8Array)) continue
    const data = readData(parts.get(ELEMENT.data))
    const comment = commentIn(parts.get(ELEMENT.userdata))
    yield {
      key,
      ...(data instanceof Uint8Array
        ? { value: data }
        : data?.code === VERDICTS.goto && { goto: data.chain ?? '' }),
      ...(comment !== undefined && { comment }),
      isIntervalEnd: ((readU32(parts.get(ELEMENT.flags)) ?? 0) & INTERVAL_END) !== 0,
    }
  }
}

/**
 * Keys and values alone, of a map whose values are data. A DEL without prevResult goes through all owners of the node: no
 * tables of attributes, and no comments (1,000 owners: 1 ms instead of 8).
 */
export function* pairsIn(
  messages: Iterable<Message>,
): Generator<{ readonly key: Uint8Array; readonly value: Uint8Array }> {
  for (const message of messages) {
    const elements = attributesOf(message).get(ELEMENTS.elements)
    for (const [, element] of listAttributes(elements ?? new Uint8Array())) {
      let key: Uint8Array | undefined
      let value: Uint8Array | undefined
      for (const [type, bytes] of listAttributes(element)) {
        // NFTA_DATA_VALUE is all that is in it: its header has 4 bytes.
        if (type === ELEMENT.key) key = bytes.subarray(4)
        else if (type === ELEMENT.data) value = bytes.subarray(4)
      }
      if (key && value) yield { key, value }
    }
  }
}

/** nft's user data: type, length, value, one after the other. */
function commentIn(bytes: Uint8Array | undefined): string | undefined {
  for (let at = 0; bytes && at + 2 <= bytes.length; at += 2 + (bytes[at + 1] ?? 0)) {
    const value = bytes.subarray(at + 2, at + 2 + (bytes[at + 1] ?? 0))
    if (bytes[at] === COMMENT) return new TextDecoder().decode(value.subarray(0, -1))
  }
  return undefined
}

/** The key of an element of `owners`. */
export function ownerAddress(key: Uint8Array): Address {
  return fromMapped(addressOfBytes(key).value)
}

/** The ranges of a set of intervals, from its borders: each begins at a key, and ends before the next end. */
export function rangesOf(elements: readonly FoundElement[]): string[] {
  const borders = elements
    .map(({ key, isIntervalEnd }) => ({ digits: hexOf(key), isIntervalEnd }))
    .sort((a, b) => (a.digits < b.digits ? -1 : a.digits > b.digits ? 1 : a.isIntervalEnd ? -1 : 1))
  const ranges: string[] = []
  for (const [i, { digits, isIntervalEnd }] of borders.entries()) {
    if (isIntervalEnd) continue
    ranges.push(
      formatRange({ family: familyOf(digits), first: digits, end: borders[i + 1]?.digits ?? BEYOND }),
    )
  }
  return ranges
}

/** Above all digits. */
const BEYOND = 'g'

/** NFTA_RULE_EXPRESSIONS as nft prints the rule, if it is one that we could have written; else its expressions. */
export function ruleText(bytes: Uint8Array | undefined): string {
  const expressions = readExpressions(bytes)
  const found = canonical(expressions)
  const rule = guess(expressions)
  return rule && canonical(expressionsOf(rule)) === found ? renderRule(rule) : found
}

/** The only rule of ours that it can be. Whether it is that is for the caller to compare. */
function guess(expressions: readonly Expression[]): Rule | undefined {
  const find = (name: string) => expressions.find((one) => one.name === name)?.attributes
  const lookup = find('lookup')
  if (lookup) return guessLookup(expressions, lookup)
  const goto = find('immediate')?.data
  if (isVerdict(goto) && goto.chain !== undefined) {
    const name = find('cmp')?.data
    if (!(name instanceof Uint8Array)) return undefined
    const end = name.indexOf(0)
    const text = new TextDecoder().decode(end < 0 ? name : name.subarray(0, end))
    return {
      do: 'leave-through',
      interface: { name: text, isWildcard: end < 0 },
      chain: goto.chain,
    }
  }
  if (find('masq') || find('nat')) return guessTranslation(expressions)
  const family = familyCompared(expressions)
  return family && { do: 'skip-family', family }
}

function guessLookup(
  expressions: readonly Expression[],
  { set, dreg, flags }: Expression['attributes'],
): Rule | undefined {
  const has = (name: string) => expressions.some((one) => one.name === name)
  const family = familyCompared(expressions)
  if (!family || typeof set !== 'string') return undefined
  if (dreg !== undefined) return { do: 'dispatch', family, map: set }
  if (has('nat')) return { do: 'pin', family, set }
  if (flags) return { do: 'limit', family, set }
  return { do: 'exempt', family, set, ...(has('ct') && { onlyDnat: true }) }
}

/** Of the first comparison with one byte that is a family. */
function familyCompared(expressions: readonly Expression[]): Family | undefined {
  const [first, second] = expressions
  if (first?.name !== 'meta' || second?.name !== 'cmp') return undefined
  const { data } = second.attributes
  return FAMILY_NAMES.find((family) => isByte(data, WIRE_FAMILIES[family].nfproto))
}

function guessTranslation(expressions: readonly Expression[]): Translation {
  const last = expressions.at(-1)?.attributes ?? {}
  const immediates = expressions.flatMap(({ name, attributes: { data } }) =>
    name === 'immediate' && data instanceof Uint8Array ? [data] : [],
  )
  const addresses = immediates.filter((bytes) => bytes.length > 2)
  const ports = immediates
    .filter((bytes) => bytes.length === 2)
    .map(([high = 0, low = 0]) => (high << 8) | low)
  const protocol = Object.keys(PROTOCOLS).find((name) =>
    expressions.some(
      ({ name: kind, attributes }) => kind === 'cmp' && isByte(attributes.data, PROTOCOLS[name] ?? 0),
    ),
  )
  const family =
    FAMILY_NAMES.find((one) => WIRE_FAMILIES[one].nfproto === last.family) ?? familyCompared(expressions)
  const modulus = expressions.find(({ name }) => name === 'numgen')?.attributes.modulus
  const limit = expressions.flatMap(({ name, attributes: { data } }) =>
    name === 'cmp' && data instanceof Uint8Array && data.length === 4 ? [readU32(data) ?? 0] : [],
  )[0]
  const [first, end = first] = ports
  return {
    do: 'translate',
    ...(family && { family }),
    ...(protocol !== undefined &&
      first !== undefined && {
        ports: {
          protocol,
          range: { first, last: end ?? first },
          ...(typeof modulus === 'number' && limit !== undefined && { draw: { below: limit, of: modulus } }),
        },
      }),
    ...(family &&
      addresses[0] && {
        to: rangeBetween(addressOfBytes(addresses[0]), addressOfBytes(addresses.at(-1) ?? addresses[0])),
      }),
    fullyRandom: (Number(last.flags ?? 0) & 0x10) !== 0,
  }
}

function isVerdict(value: Value | undefined): value is Extract<Value, { code: number }> {
  return typeof value === 'object' && !(value instanceof Uint8Array)
}

function isByte(data: Value | undefined, byte: number): boolean {
  return data instanceof Uint8Array && data.length === 1 && data[0] === byte
}
