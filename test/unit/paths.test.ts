import { posix } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { basename, dirname, join, resolve } from '../../src/system/paths'

const path = fc
  .array(fc.constantFrom('/', '.', '..', 'a', 'b c', 'é', '...', '.d'), { maxLength: 8 })
  .map((parts) => parts.join(''))

test('any paths are joined as Node joins them', () => {
  fc.assert(
    fc.property(fc.array(path, { maxLength: 4 }), (parts) => {
      expect(join(...parts)).toBe(posix.join(...parts))
    }),
    { numRuns: 5_000 },
  )
})

test('any path is resolved and taken apart as Node does it', () => {
  fc.assert(
    fc.property(path, (one) => {
      expect(resolve(one)).toBe(posix.resolve(one))
      expect(basename(one)).toBe(posix.basename(one))
      // Of several slashes between the last two names Node leaves all but one.
      const plain = one.replace(/\/+/g, '/')
      expect(dirname(plain)).toBe(posix.dirname(plain))
    }),
    { numRuns: 5_000 },
  )
})
