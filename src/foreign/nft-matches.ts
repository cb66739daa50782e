import type { Family } from '../policy/address'
import type { InterfacePattern } from '../policy/interface'
import type { Range } from '../policy/range'
import { parsePrintedRange } from '../policy/range-text'
import type { Condition, Verdict } from './model'

/** The comparisons in a rule of nft that are about where packets come from and go to. */

export interface Branch {
  readonly conditions: readonly Condition[]
  readonly verdict: Verdict
}

export const NO_VERDICT: Branch = { conditions: [], verdict: { do: 'nothing' } }

export interface Step {
  readonly length: number
  readonly conditions: readonly Condition[]
  readonly branches: readonly Branch[]
}

export function only(length: number, ...conditions: readonly Condition[]): Step {
  return { length, conditions, branches: [] }
}

/** Reads an operator. Equality has none. */
export function operatorAt(words: readonly string[], at: number) {
  const isNot = words[at] === '!='
  return { isNot, length: isNot || words[at] === '==' ? 1 : 0 }
}

export function addressAt(family: Family, words: readonly string[], at: number): Step | undefined {
  const field = words[at + 1]
  if (field !== 'saddr' && field !== 'daddr') return undefined
  const { isNot, length } = operatorAt(words, at + 2)
  const ranges = membersOf(words[at + 2 + length] ?? '').map(parsePrintedRange)
  if (ranges.length === 0 || !ranges.every((range): range is Range => range !== undefined)) return undefined
  const on = field === 'saddr' ? 'source' : 'destination'
  // Only packets of this family are compared.
  return only(3 + length, { on: 'family', family }, { on, ranges, isNot })
}

export function interfaceOf(word: string): InterfacePattern {
  const name = word.replaceAll('"', '')
  return name.endsWith('*') ? { name: name.slice(0, -1), isWildcard: true } : { name, isWildcard: false }
}

/** The members of `{ a, b }`, or the only one. */
export function membersOf(word: string): string[] {
  if (!word.startsWith('{')) return word === '' ? [] : [word]
  return word
    .slice(1, -1)
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** `mark 0x4000`, `mark & 0x4000 == 0x4000`, `mark and 0x4000 != 0` */
export function markAt(words: readonly string[], at: number): Step | undefined {
  const isMasked = words[at + 1] === '&' || words[at + 1] === 'and'
  const mask = isMasked ? Number(words[at + 2]) : 0xffffffff
  const { isNot, length } = operatorAt(words, at + (isMasked ? 3 : 1))
  const value = Number(words[at + (isMasked ? 3 : 1) + length])
  if (Number.isNaN(mask) || Number.isNaN(value)) return undefined
  return only((isMasked ? 4 : 2) + length, { on: 'mark', value, mask, isNot })
}

/** `fib daddr type local`, `fib daddr type != local` */
export function localAt(words: readonly string[], at: number): Step | undefined {
  if (words[at + 1] !== 'daddr' || words[at + 2] !== 'type') return undefined
  const { isNot, length } = operatorAt(words, at + 3)
  return words[at + 3 + length] === 'local' ? only(4 + length, { on: 'local destination', isNot }) : undefined
}
