import { FAMILIES, type Family } from './address'
import { digitsOfNumber, ZEROS } from './digits'
import type { Prefix } from './prefix'

/**
 * The prefixes of one family as numbers: the upper 64 bits of the first and of the last address of each. An IPv4 address is
 * the upper half of such a number. The halves are written and read one by one (words of 32 bits), but the engine can sort
 * the whole numbers.
 */
export interface Packed {
  readonly firsts: Uint32Array
  /** Those of `firsts`, in the same order. */
  readonly lasts: Uint32Array
  /** The number of words in each that are used. The others are 0 in `firsts`, and have all bits set in `lasts`. */
  used: number
  /** Where the upper word of a number is, 0 or 1, and the lower one. This depends on the machine. */
  readonly upper: number
  readonly lower: number
  /** Prefixes that are longer than 64 bits. */
  readonly others: Prefix[]
}

/** Has place for this many prefixes. */
export function createPacked(most: number): Packed {
  return {
    firsts: new Uint32Array(2 * most),
    lasts: new Uint32Array(2 * most).fill(ALL_BITS),
    used: 0,
    ...(isLowestFirst() ? { upper: 1, lower: 0 } : { upper: 0, lower: 1 }),
    others: [],
  }
}

export const ALL_BITS = 0xffffffff

/** Whether the lowest byte of a word, and the lower word of a number, come first in memory. They do in most machines. */
export function isLowestFirst(): boolean {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
}

export function addPrefix(packed: Packed, prefix: Prefix): void {
  const { digits, length } = prefix
  if (length > 64) {
    packed.others.push(prefix)
    return
  }
  const { firsts, lasts, used, upper, lower } = packed
  for (const [place, at] of [
    [upper, 0],
    [lower, 8],
  ] as const) {
    const word = Number.parseInt(digits.slice(at, at + 8) || '0', 16)
    firsts[used + place] = word
    lasts[used + place] = word + hostBits(length - 4 * at)
  }
  packed.used = used + 2
}

/** The word in which all bits are set but the upper ones. */
export function hostBits(upperBits: number): number {
  return upperBits < 32 ? ALL_BITS >>> Math.max(0, upperBits) : 0
}

/** Adds all prefixes of `from`. */
export function addPacked(packed: Packed, from: Packed): void {
  packed.firsts.set(from.firsts.subarray(0, from.used), packed.used)
  packed.lasts.set(from.lasts.subarray(0, from.used), packed.used)
  packed.used += from.used
  for (const prefix of from.others) packed.others.push(prefix)
}

export function unpack(family: Family, { firsts, lasts, used, upper, lower, others }: Packed): Prefix[] {
  const prefixes = [...others]
  for (let at = 0; at < used; at += 2) {
    const [first, second] = [firsts[at + upper] ?? 0, firsts[at + lower] ?? 0]
    // The bits in which a first and a last address differ are those that follow the length.
    const length = leadingZeros(first ^ (lasts[at + upper] ?? 0), second ^ (lasts[at + lower] ?? 0))
    const digits = digitsOfNumber(first) + digitsOfNumber(second) + ZEROS.slice(16)
    prefixes.push({ family, digits: digits.slice(0, FAMILIES[family].bits / 4), length })
  }
  return prefixes
}

function leadingZeros(upper: number, lower: number): number {
  return upper === 0 ? 32 + Math.clz32(lower) : Math.clz32(upper)
}
