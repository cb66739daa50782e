import { encodeHex } from '#system/text'
import { FAMILIES, type Family } from './address'
import { ALL_BITS, isLowestFirst, type Packed } from './packed'
import { BEYOND, type RangeText } from './range'

/**
 * The addresses that are in any of these prefixes, without those of `others`. It sorts the prefixes' numbers where they
 * are.
 *
 * The first addresses are sorted by themselves, and so are the last ones. Then a range ends with the last address at some
 * place if the first address at the next place is neither in it nor right behind it: as many prefixes have ended there as
 * have begun.
 */
export function unionOf(family: Family, { firsts, lasts, used, upper, lower }: Packed): RangeText {
  sort(firsts, used)
  sort(lasts, used)
  const width = FAMILIES[family].bits / 32
  // The words of each range: those of its first address and of its end, the highest word first.
  const room = new Uint32Array(width * used)
  let [begin, end, at] = [0, 0, 0]
  for (let i = 0; i < used; i += 2) {
    const next = i + 2
    const last = lasts[i + lower] ?? 0
    if (next < used) {
      const distance = (firsts[next + upper] ?? 0) - (lasts[i + upper] ?? 0)
      if (distance <= 1) {
        if (distance < 0) continue
        if (distance === 0 && (firsts[next + lower] ?? 0) - last <= 1) continue
        if (distance === 1 && last === ALL_BITS && firsts[next + lower] === 0) continue
      }
    }
    end = (lasts[i + upper] ?? 0) + (last === ALL_BITS ? 1 : 0)
    room[at] = firsts[begin + upper] ?? 0
    room[at + width] = end
    if (width > 1) {
      room[at + 1] = firsts[begin + lower] ?? 0
      room[at + width + 1] = last + 1
    }
    at += 2 * width
    begin = next
  }
  const digits = digitsOfWords(room.subarray(0, at))
  return { family, digits: end > ALL_BITS ? digits.slice(0, -8 * width) + BEYOND : digits }
}

/** Sorts numbers of two words by their value. The engine does it by itself. */
function sort(words: Uint32Array, used: number): void {
  new BigUint64Array(words.buffer, 0, used / 2).sort()
}

/** The digits of all words. The engine makes them of all bytes at once, in the order in which those are in memory. */
function digitsOfWords(words: Uint32Array): string {
  const bytes = new Uint8Array(words.buffer, 0, words.byteLength)
  if (isLowestFirst()) {
    // Together these turn around the bytes of each word, and leave the words where they are.
    words.reverse()
    bytes.reverse()
  }
  return encodeHex(bytes)
}
