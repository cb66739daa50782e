/**
 * What arrays can do by themselves, for what the calls of pods run. They are bytecode,
 * with the rest of our code, and need no runtime to be made ready.
 */

export function map<T, U>(list: readonly T[], make: (item: T, index: number) => U): U[] {
  const made: U[] = []
  for (const item of list) made.push(make(item, made.length))
  return made
}

export function flatMap<T, U>(list: readonly T[], make: (item: T, index: number) => readonly U[]): U[] {
  const made: U[] = []
  let i = 0
  for (const item of list) for (const one of make(item, i++)) made.push(one)
  return made
}

export function filter<T>(list: readonly T[], isWanted: (item: T, index: number) => boolean): T[] {
  const kept: T[] = []
  let i = 0
  for (const item of list) if (isWanted(item, i++)) kept.push(item)
  return kept
}

/** Where the first is that fits; -1: none does. */
export function findIndex<T>(list: readonly T[], fits: (item: T) => boolean): number {
  let i = 0
  for (const item of list) {
    if (fits(item)) return i
    i += 1
  }
  return -1
}

export function find<T>(list: readonly T[], fits: (item: T) => boolean): T | undefined {
  return list[findIndex(list, fits)]
}

export function some<T>(list: readonly T[], fits: (item: T) => boolean): boolean {
  return findIndex(list, fits) >= 0
}

export function every<T>(list: readonly T[], fits: (item: T) => boolean): boolean {
  return !some(list, (item) => !fits(item))
}
