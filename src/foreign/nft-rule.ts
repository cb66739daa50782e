import type { Condition, ForeignRule, Verdict } from './model'
import {
  addressAt,
  type Branch,
  interfaceOf,
  localAt,
  markAt,
  membersOf,
  NO_VERDICT,
  only,
  operatorAt,
  type Step,
} from './nft-matches'

/** Looks up a named map. Each element is one text, as in `"docker0" : jump nat-out__docker0`. */
export type ReadMap = (name: string) => readonly string[]

/**
 * Parses a rule as nft lists it. A verdict map gives several rules, one for each element. A part that we do not know
 * becomes a condition that may hold or not, so that no rule is passed over.
 */
export function parseNftRule(line: string, readMap: ReadMap): ForeignRule[] {
  const text = line.trim()
  const words = wordsOf(text.replace(/ ?# handle \d+$/, ''))
  const parsed: { conditions: Condition[]; verdicts: Branch[] } = { conditions: [], verdicts: [] }
  const unknown: string[] = []
  const flush = () => {
    if (unknown.length > 0) parsed.conditions.push({ on: 'other', text: unknown.splice(0).join(' ') })
  }
  for (let at = 0; at < words.length; ) {
    const step = statementAt(words, at, readMap)
    if (step) {
      flush()
      parsed.conditions.push(...step.conditions)
      parsed.verdicts.push(...step.branches)
      at += step.length
    } else {
      const end = endOfUnknown(words, at)
      unknown.push(...words.slice(at, end))
      at = end
    }
  }
  flush()
  const branches = parsed.verdicts.length > 0 ? parsed.verdicts : [NO_VERDICT]
  return branches.map(({ conditions, verdict }) => ({
    ...{ conditions: [...parsed.conditions, ...conditions], verdict, text },
  }))
}

/**
 * Finds the end of a statement that we do not know. The next words may belong to it, like the address in `ct original
 * ip saddr 10.0.0.1`, so it goes on up to a verdict. Comparisons of ports and protocols have a known length.
 */
function endOfUnknown(words: readonly string[], at: number): number {
  const isShort = /^(tcp|udp|sctp|th|meta)$/.test(words[at] ?? '') && words[at + 2] !== 'vmap'
  if (isShort) return at + 3 + operatorAt(words, at + 2).length
  const end = words.findIndex((word, i) => i > at && STOP.test(word))
  return end < 0 ? words.length : end
}

/** Words that begin a verdict, or a statement that is no condition. */
const STOP = /^(masquerade|snat|return|accept|drop|reject|notrack|queue|jump|goto|vmap|counter|log|comment)$/

/** Splits a rule into words. A quoted text is one word, and so is `{ ... }`. */
function wordsOf(text: string): string[] {
  return text.match(/"[^"]*"|\{[^}]*\}|\S+/g) ?? []
}

function verdictStep(length: number, verdict: Verdict): Step {
  return { length, conditions: [], branches: [{ conditions: [], verdict }] }
}

function statementAt(words: readonly string[], at: number, readMap: ReadMap): Step | undefined {
  const [word = '', next = '', third = ''] = words.slice(at)
  if (word === 'meta') {
    if (next === 'mark' && third === 'set') return markingAt(words, at)
    const inner = statementAt(words, at + 1, readMap)
    return inner && { ...inner, length: inner.length + 1 }
  }
  switch (word) {
    case 'ip':
    case 'ip6':
      return addressAt(word, words, at)
    case 'iifname':
    case 'oifname':
    case 'iif':
    case 'oif':
      return interfaceAt(words, at, readMap)
    case 'mark':
      return markAt(words, at)
    case 'nfproto':
      return next === 'ipv4' || next === 'ipv6'
        ? only(2, { on: 'family', family: next === 'ipv4' ? 'ip' : 'ip6' })
        : undefined
    case 'fib':
      return localAt(words, at)
    case 'ct':
      return next === 'state' ? stateAt(words, at, readMap) : undefined
    case 'log':
      return only(lengthOfLog(words, at))
    case 'counter':
      return only(next === 'packets' ? 5 : 1)
    case 'comment':
      return only(2)
    case 'masquerade':
      return verdictStep(words.length - at, { do: 'masquerade' })
    case 'snat':
      return verdictStep(words.length - at, { do: 'snat', to: snatTarget(words.slice(at + 1)) })
    case 'return':
    case 'accept':
    case 'drop':
      return verdictStep(1, { do: word })
    case 'reject':
      return verdictStep(words.length - at, { do: 'drop' })
    case 'queue':
      return verdictStep(words.length - at, { do: 'queue' })
    case 'notrack':
      return verdictStep(1, { do: 'notrack' })
    case 'jump':
    case 'goto':
      return verdictStep(2, { do: word, chain: next })
    case 'vmap':
      return branchesOf({ map: next, readMap, length: 2 }, (key) => ({ on: 'other', text: key }))
    default:
      return undefined
  }
}

/** `ip to 192.0.2.1 persistent comment "x"` */
function snatTarget(words: readonly string[]): string {
  const end = words.indexOf('comment')
  return words.slice(words.indexOf('to') + 1, end < 0 ? undefined : end).join(' ')
}

function interfaceAt(words: readonly string[], at: number, readMap: ReadMap): Step | undefined {
  const on = words[at]?.startsWith('i') ? 'in' : 'out'
  const { isNot, length } = operatorAt(words, at + 1)
  const value = words[at + 1 + length] ?? ''
  if (value === 'vmap') {
    return branchesOf({ map: words[at + 2] ?? '', readMap, length: 3 }, (key) =>
      isJoined(key) ? { on: 'other', text: key } : { on, names: [interfaceOf(key)], isNot: false },
    )
  }
  const members = membersOf(value)
  if (value === '' || value === '.' || value.startsWith('@') || members.some(isJoined)) return undefined
  return only(2 + length, { on, names: members.map(interfaceOf), isNot })
}

/** Whether a key has several parts, as in `iifname . oifname vmap { "cni0" . "eth0" : drop }`. */
function isJoined(key: string): boolean {
  return key.includes(' . ')
}

/** `ct state established,related`, `ct state != invalid`, `ct state vmap { invalid : drop }` */
function stateAt(words: readonly string[], at: number, readMap: ReadMap): Step | undefined {
  const { isNot, length } = operatorAt(words, at + 2)
  const value = words[at + 2 + length] ?? ''
  if (value === 'vmap') {
    return branchesOf({ map: words[at + 3] ?? '', readMap, length: 4 }, (key) => ({
      on: 'state',
      states: key.split(','),
      isNot: false,
    }))
  }
  const states = membersOf(value).flatMap((member) => member.split(','))
  if (!states.every((state) => /^[a-z]+$/.test(state))) return undefined
  return only(3 + length, { on: 'state', states, isNot })
}

/** The number of words of `log prefix "x" level info flags all`: one, and two for each option. */
function lengthOfLog(words: readonly string[], at: number): number {
  let length = 1
  while (/^(prefix|level|group|flags|snaplen|queue-threshold)$/.test(words[at + length] ?? '')) length += 2
  return length
}

/** The verdicts of a verdict map. `conditionOf` makes the condition for a key. */
function branchesOf(
  { map, readMap, length }: { readonly map: string; readonly readMap: ReadMap; readonly length: number },
  conditionOf: (key: string) => Condition,
): Step {
  const elements = map.startsWith('@') ? readMap(map.slice(1)) : membersOf(map)
  const branches = elements.flatMap((element): Branch[] => {
    const [, key = '', verdict = ''] = /^("[^"]*"|.*?) : (.*)$/.exec(element) ?? []
    const step = statementAt(wordsOf(verdict), 0, readMap)
    return (step?.branches ?? []).map((one) => ({ ...one, conditions: [conditionOf(key)] }))
  })
  return { length, conditions: [], branches: branches.length > 0 ? branches : [NO_VERDICT] }
}

/** Skips `meta mark set meta mark ^ 0x4000`, up to the verdict if there is one. */
function markingAt(words: readonly string[], at: number): Step {
  const end = words.findIndex((word, i) => i > at && STOP.test(word))
  return only((end < 0 ? words.length : end) - at)
}
