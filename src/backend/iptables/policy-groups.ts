import type { Family } from '../../policy/address'
import type { InterfacePattern } from '../../policy/interface'
import { type Prefix, readPrefix } from '../../policy/prefix'
import { ALL } from '../../policy/range'
import { type How, readHow } from './read-how'
import { renderRule } from './render'

/** The rules of a policy's chain for one destination. They follow one another and decide together. */
export interface Group {
  /** The prefix has length 0 where the rules name no destination. */
  readonly destination: Prefix
  readonly verdict: Verdict
}

export type Verdict =
  | { readonly is: 'returned' }
  /** Exempt, and no other rule changes the source. */
  | { readonly is: 'pinned' }
  /** Masqueraded as the policy's other chains say. */
  | { readonly is: 'sent'; readonly chain: string }
  | { readonly is: 'masqueraded'; readonly how: How; readonly interfaces: readonly InterfacePattern[] }
  | { readonly is: 'foreign'; readonly rules: readonly string[] }

/** Cuts the rules of a chain, as `-S` prints them, into groups. */
export function groupsIn(rules: readonly string[], family: Family): Group[] {
  const groups: { readonly destination: string; readonly rules: string[] }[] = []
  for (const rule of rules) {
    const destination = /^-d (\S+) /.exec(rule)?.[1] ?? ''
    const last = groups.at(-1)
    if (last?.destination === destination) last.rules.push(rule)
    else groups.push({ destination, rules: [rule] })
  }
  return groups.map(({ destination, rules: own }): Group => {
    const prefix = destination === '' ? EVERYTHING[family] : readPrefix(destination)
    const verdict = prefix && verdictOf(own.map((rule) => withoutDestination(rule)))
    return prefix && verdict
      ? { destination: prefix, verdict }
      : { destination: prefix ?? EVERYTHING[family], verdict: { is: 'foreign', rules: own } }
  })
}

const EVERYTHING: Readonly<Record<Family, Prefix>> = {
  ip: { family: 'ip', digits: ALL.ip.first, length: 0 },
  ip6: { family: 'ip6', digits: ALL.ip6.first, length: 0 },
}

function withoutDestination(rule: string): string {
  return rule.replace(/^-d \S+ /, '')
}

const RETURN = renderRule({ target: { to: 'return' } })
const PINNED = [
  renderRule({ isDnat: true, target: { to: 'return' } }),
  renderRule({ target: { to: 'accept' } }),
]

function verdictOf(rules: readonly string[]): Verdict | undefined {
  const [first = '', second] = rules
  const chain = /^-g (IPM-[MQ]-\S+)$/.exec(first)?.[1]
  if (second === undefined && first === RETURN) return { is: 'returned' }
  if (second === undefined && chain !== undefined) return { is: 'sent', chain }
  if (rules.length === 2 && rules.every((rule, i) => rule === PINNED[i])) return { is: 'pinned' }
  const how = readHow(rules)
  return how ? { is: 'masqueraded', how, interfaces: [] } : throughInterfaces(rules)
}

/**
 * Reads rules that are repeated for each interface, one interface after the other, with a return at the end for packets
 * that leave through any other.
 */
function throughInterfaces(rules: readonly string[]): Verdict | undefined {
  const byInterface = new Map<string, string[]>()
  for (const rule of rules.slice(0, -1)) {
    const [, name, rest = ''] = /^-o (\S+) (.*)$/.exec(rule) ?? []
    if (name === undefined) return undefined
    byInterface.set(name, [...(byInterface.get(name) ?? []), rest])
  }
  const [one, ...others] = [...byInterface.values()]
  const how = one && readHow(one)
  if (!how || rules.at(-1) !== RETURN) return undefined
  if (others.some((other) => other.join('\n') !== one.join('\n'))) return undefined
  return { is: 'masqueraded', how, interfaces: [...byInterface.keys()].map(readInterface) }
}

/** `bond+` means all interfaces whose names begin with "bond". */
export function readInterface(text: string): InterfacePattern {
  return text.endsWith('+')
    ? { name: text.slice(0, -1), isWildcard: true }
    : { name: text, isWildcard: false }
}
