import { FAMILY_NAMES } from '../../policy/address'
import { parsePrinted } from '../../policy/address-text'
import type { PortRange } from '../../policy/ports'
import { type Range, rangeBetween } from '../../policy/range'
import { translationRules } from './policy-chains'
import { renderRule } from './render'

/** The way in which packets are masqueraded. */
export interface How {
  readonly snatTo?: Range
  readonly toPorts: readonly PortRange[]
  readonly fullyRandom: boolean
}

/**
 * Reads the rules that masquerade, as `-S` prints them without destination and interface; the last one is for protocols
 * without ports. Undefined unless they are exactly the rules that we would write.
 */
export function readHow(rules: readonly string[]): How | undefined {
  const [, source, random] =
    /^-j (?:MASQUERADE|SNAT --to-source (\S+))( --random-fully)?$/.exec(rules.at(-1) ?? '') ?? []
  const snatTo = source === undefined ? undefined : readSource(source)
  const how: How = {
    ...(snatTo && { snatTo }),
    toPorts: rules.flatMap((rule) => (rule.startsWith('-p tcp ') ? readPorts(rule) : [])),
    fullyRandom: random !== undefined,
  }
  const expected = translationRules(how, snatTo).map(renderRule)
  return expected.length === rules.length && expected.every((rule, i) => rule === rules[i]) ? how : undefined
}

/** `192.0.2.10-192.0.2.13`, or the one address. */
function readSource(text: string): Range | undefined {
  const [first, last = first] = text.split('-').map(parsePrinted)
  return first && last && FAMILY_NAMES.includes(first.family) && first.family === last.family
    ? rangeBetween(first, last)
    : undefined
}

/** The ports at the end of `--to-ports 1024-2000` and of `--to-source [2001:db8::1]:1024`. */
function readPorts(rule: string): PortRange[] {
  const [, first, last = first] = /[ :](\d+)(?:-(\d+))?(?: --random-fully)?$/.exec(rule) ?? []
  return first === undefined ? [] : [{ first: Number(first), last: Number(last) }]
}
