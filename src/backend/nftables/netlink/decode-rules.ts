import { decode } from '#system/text'
import { FAMILY_NAMES, type Family } from '../../../policy/address'
import { rangeBetween } from '../../../policy/range'
import { isSame } from '../same'
import type { Foreign } from '../table'
import type { Rule, Translation } from '../transaction'
import { addressOfBytes, WIRE_FAMILIES } from './addresses'
import {
  comparable,
  type Expression,
  isVerdict,
  readExpressions,
  type Value,
  wordExpressions,
} from './expressions'
import { expressionsOf, PROTOCOLS } from './rules'
import { readU32 } from './wire'

/** Recognises our rules in the expressions that the kernel returns. */

/** Decodes NFTA_RULE_EXPRESSIONS to a rule, if we could have written it. */
export function decodeRule(bytes: Uint8Array | undefined): Rule | Foreign {
  const found = readExpressions(bytes)
  const rule = guess(found)
  const isOurs = rule && isSame(comparable(expressionsOf(rule)), comparable(found))
  return isOurs ? rule : { do: 'foreign', text: wordExpressions(found) }
}

/** The only rule of ours that it can be. The caller compares whether it really is that rule. */
function guess(expressions: readonly Expression[]): Rule | undefined {
  const find = (name: string) => expressions.find((one) => one.name === name)?.attributes
  const lookup = find('lookup')
  if (lookup) return guessLookup(expressions, lookup)
  const goto = find('immediate')?.data
  if (isVerdict(goto) && goto.chain !== undefined) {
    const name = find('cmp')?.data
    if (!(name instanceof Uint8Array)) return undefined
    const end = name.indexOf(0)
    const text = decode(end < 0 ? name : name.subarray(0, end))
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
  const verdict = expressions.find((one) => one.name === 'immediate')?.attributes.data
  if (isVerdict(verdict) && verdict.chain !== undefined) {
    return { do: 'divert', family, set, chain: verdict.chain }
  }
  return { do: 'exempt', family, set, ...(has('ct') && { onlyDnat: true }) }
}

/** The family with which the rule first compares a byte, if it does. */
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

function isByte(data: Value | undefined, byte: number): boolean {
  return data instanceof Uint8Array && data.length === 1 && data[0] === byte
}
