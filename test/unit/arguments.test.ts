import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type FlagOptions, parseArguments } from '../../src/commands/arguments'

const OPTIONS = {
  root: { type: 'string' },
  watch: { type: 'boolean', default: false },
  force: { type: 'boolean' },
  'cache-dir': { type: 'string', multiple: true },
  grace: { type: 'string', default: '10m' },
} as const satisfies FlagOptions

function attempt(parse: () => object): unknown {
  try {
    return { ...parse() }
  } catch (error) {
    // Of several lines an operator sees the first.
    return error instanceof Error && error.message.split('\n')[0]
  }
}

const WORDS = [
  '--',
  '-',
  '=',
  'root',
  'watch',
  'force',
  'cache-dir',
  'grace',
  'a',
  '1',
  '',
  ' ',
  'no-',
  '__proto__',
]
const argument = fc.oneof(
  fc.constantFrom(...Object.keys(OPTIONS).map((name) => `--${name}`)),
  fc.array(fc.constantFrom(...WORDS), { maxLength: 4 }).map((parts) => parts.join('')),
)

test('any arguments are read, or refused with the same words, as Node does it', () => {
  const seen = { read: 0, refused: 0 }
  fc.assert(
    fc.property(fc.array(argument, { maxLength: 6 }), (args) => {
      const ours = attempt(() => parseArguments(args, OPTIONS))
      seen[typeof ours === 'string' ? 'refused' : 'read'] += 1
      expect(ours).toEqual(attempt(() => parseArgs({ args, options: OPTIONS, strict: true }).values))
    }),
    { numRuns: 20_000 },
  )
  expect(seen.read).toBeGreaterThan(1_000)
  expect(seen.refused).toBeGreaterThan(1_000)
})
