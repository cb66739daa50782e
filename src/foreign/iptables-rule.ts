import type { InterfacePattern } from '../policy/interface'
import { parsePrintedRange } from '../policy/range-text'
import type { Condition, ForeignRule, Verdict } from './model'

/** A rule of `iptables -S`, without its `-A CHAIN `. */
export function parseIptablesRule(text: string): ForeignRule {
  const words = text.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? []
  const conditions: Condition[] = []
  let verdict: Verdict = { do: 'nothing' }
  let other: string[] = []
  const flush = () => {
    if (other.length > 0) conditions.push({ on: 'other', text: other.join(' ') })
    other = []
  }
  let isNot = false
  for (let at = 0; at < words.length; at++) {
    const [word = '', value = ''] = words.slice(at)
    if (word === '!') {
      isNot = true
      continue
    }
    if (word === '-j' || word === '-g') {
      verdict = verdictOf(word, value, words.slice(at + 2))
      break
    }
    const condition = conditionOf(word, value, isNot)
    if (condition !== undefined) {
      flush()
      if (condition !== 'none') conditions.push(condition)
      at += 1
    } else {
      other.push(...(isNot ? ['!', word] : [word]))
    }
    isNot = false
  }
  flush()
  return { conditions, verdict, text }
}

/** Returns `none` for an option that says nothing about packets, and undefined for an option that we do not know. */
function conditionOf(option: string, value: string, isNot: boolean): Condition | 'none' | undefined {
  switch (option) {
    case '-s':
    case '-d': {
      const range = parsePrintedRange(value)
      return range && { on: option === '-s' ? 'source' : 'destination', ranges: [range], isNot }
    }
    case '-i':
    case '-o':
      return { on: option === '-i' ? 'in' : 'out', names: [interfaceOf(value)], isNot }
    case '--mark': {
      const [wanted, mask = 0xffffffff] = value.split('/').map(Number)
      return wanted === undefined || Number.isNaN(wanted + mask)
        ? undefined
        : { on: 'mark', value: wanted, mask, isNot }
    }
    case '--dst-type':
      return value === 'LOCAL' ? { on: 'local destination', isNot } : undefined
    case '--ctstate':
    case '--state':
      return { on: 'state', states: value.toLowerCase().split(','), isNot }
    case '-m':
      return ['comment', 'mark', 'addrtype', 'conntrack', 'state'].includes(value) ? 'none' : undefined
    case '--comment':
      return 'none'
    default:
      return undefined
  }
}

function interfaceOf(word: string): InterfacePattern {
  return word.endsWith('+')
    ? { name: word.slice(0, -1), isWildcard: true }
    : { name: word, isWildcard: false }
}

/** The chain that leads to our rules. */
const OURS = 'IPM-PODS'

const OWN_VERDICTS: Readonly<Record<string, Verdict>> = {
  RETURN: { do: 'return' },
  ACCEPT: { do: 'accept' },
  DROP: { do: 'drop' },
  REJECT: { do: 'drop' },
  NFQUEUE: { do: 'queue' },
  QUEUE: { do: 'queue' },
  NOTRACK: { do: 'notrack' },
  MASQUERADE: { do: 'masquerade' },
  [OURS]: { do: 'ours' },
}

/** Targets after which the next rule is looked at. */
const NO_VERDICT = [
  ...(['MARK', 'CONNMARK', 'SECMARK', 'CONNSECMARK', 'CT', 'SET', 'DSCP', 'TOS', 'TTL', 'HL'] as const),
  ...([
    'LOG',
    'NFLOG',
    'ULOG',
    'TRACE',
    'AUDIT',
    'CLASSIFY',
    'TCPMSS',
    'CHECKSUM',
    'TEE',
    'RATEEST',
  ] as const),
].map(String)

function verdictOf(option: string, target: string, rest: readonly string[]): Verdict {
  // A chain may have the name of a method that every object has, such as `constructor`.
  const known = Object.hasOwn(OWN_VERDICTS, target) ? OWN_VERDICTS[target] : undefined
  if (known) return known
  if (target === 'SNAT' || target === 'NETMAP')
    return { do: 'snat', to: rest[rest.findIndex((word) => word.startsWith('--to')) + 1] ?? '' }
  if (target === 'CT' && rest.includes('--notrack')) return { do: 'notrack' }
  if (NO_VERDICT.includes(target)) return { do: 'nothing' }
  return { do: option === '-g' ? 'goto' : 'jump', chain: target }
}
