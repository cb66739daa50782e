import fc from 'fast-check'
import { expect, test } from 'vitest'
import { every, filter, find, findIndex, flatMap, map, some } from '../../src/lists'

const lists = fc.array(fc.integer({ min: 0, max: 9 }))
const isLarge = (item: number) => item > 4
const pair = (item: number, index: number) => [item, index]

test('they do what the methods of arrays do', () => {
  fc.assert(
    fc.property(lists, (list) => {
      expect(map(list, pair)).toEqual(list.map(pair))
      expect(flatMap(list, pair)).toEqual(list.flatMap(pair))
      expect(filter(list, isLarge)).toEqual(list.filter(isLarge))
      expect(filter(list, (_, i) => i % 2 === 0)).toEqual(list.filter((_, i) => i % 2 === 0))
      expect(findIndex(list, isLarge)).toBe(list.findIndex(isLarge))
      expect(find(list, isLarge)).toBe(list.find(isLarge))
      expect(some(list, isLarge)).toBe(list.some(isLarge))
      expect(every(list, isLarge)).toBe(list.every(isLarge))
    }),
  )
})
