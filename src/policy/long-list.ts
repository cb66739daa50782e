import type { Family } from './address'
import { MalformedError } from './address-text'
import { longestMatches } from './longest-matches'
import { addPacked, addPrefix, createPacked, type Packed, unpack } from './packed'
import { unionOf } from './packed-ranges'
import { addTexts } from './packed-readers'
import type { Prefix } from './prefix'
import { isWorthPacking, type LongList } from './prefixes'
import { type Ranges, rangesIn } from './range'
import { union } from './range-sets'

/**
 * Reads a list as `parsePrefix` reads each prefix, and throws what it throws. Anything but a text is refused without
 * advice.
 */
export function parseLongList(texts: readonly string[]): LongList {
  const packed = { ip: createPacked(texts.length), ip6: createPacked(texts.length) }
  addTexts(texts, packed)
  return {
    texts,
    has: (family) => packed[family].used + packed[family].others.length > 0,
    prefixesOf: (family) => unpack(family, packed[family]),
    unionWith: (family, others) => unionWith(family, packed[family], others),
  }
}

/** Reads a list if it is long and if all of it is right; undefined for anything else. */
export function readLongList(list: unknown): LongList | undefined {
  try {
    return Array.isArray(list) && isWorthPacking(list) ? parseLongList(list) : undefined
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

function unionWith(family: Family, list: Packed, others: readonly Prefix[]): Ranges {
  const all = createPacked(list.used / 2 + others.length)
  addPacked(all, list)
  for (const prefix of others) if (prefix.family === family) addPrefix(all, prefix)
  const ranges = unionOf(family, all)
  return all.others.length === 0
    ? ranges
    : union(rangesIn(ranges), rangesIn(longestMatches(family, [all.others])))
}
