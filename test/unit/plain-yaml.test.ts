import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readPlainYaml } from '../../src/config/plain-yaml'
import { parseYamlDocuments } from '../../src/config/yaml'

/** Every answer of the short reader is the library's. Texts are built of what agents' files have, and of what is nearly so. */

const pick = (...values: string[]) => fc.constantFrom(...values)
const prefix = pick(
  '10.0.0.0/8',
  '::/0',
  'fd00::/8',
  '1:2:3/4',
  '1e3/5',
  '192.168.0.0/16',
  'a:/1',
  '12:30:45',
  '10',
  '',
)
const scalar = fc.oneof(
  prefix,
  prefix.map((one) => `"${one}"`),
  prefix.map((one) => `'${one}'`),
  pick(
    'true',
    'false',
    'yes',
    'null',
    '~',
    '60s',
    '5m',
    '[]',
    '[ ]',
    '{}',
    '*a',
    '&a 10.0.0.0/8',
    '|',
    '>',
    '!!str 1/2',
  ),
  fc.array(prefix, { maxLength: 3 }).map((all) => `[${all.join(', ')}]`),
  fc.array(prefix, { maxLength: 3 }).map((all) => `[ ${all.map((one) => `"${one}"`).join(',')} ]`),
)
const key = pick(
  'nonMasqueradeCIDRs',
  'masqLinkLocal',
  'masqLinkLocalIPv6',
  'resyncInterval',
  'yes',
  'null',
  '"quoted"',
  'a b',
  'constructor',
)
const end = pick('', ' ', ' # why', '#', ' #', '\t', '\r', ' : ', '  # a: b')
const line = fc.oneof(
  fc.tuple(key, pick(': ', ':', ':  ', ' : '), scalar, end).map((parts) => parts.join('')),
  fc.tuple(key, pick(':'), end).map((parts) => parts.join('')),
  fc.tuple(pick('- ', '  - ', '   -  ', '-', '    - - '), scalar, end).map((parts) => parts.join('')),
  pick('', '# a comment', '  # another', '---', '...', '%YAML 1.1', '  text', '\u00fc: 1', '- a: 10.0.0.0/8'),
)

const plainPrefix = pick(
  '10.0.0.0/8',
  '"fd00::/8"',
  '::/0',
  "'192.168.0.0/16'",
  '1:2:3/4 # ours',
  'fe80::/10  ',
)
const block = fc.oneof(
  fc
    .tuple(key, pick('', '  '), fc.array(plainPrefix, { minLength: 1, maxLength: 3 }))
    .map(([name, indent, items]) => [`${name}:`, ...items.map((one) => `${indent}- ${one}`)]),
  fc
    .tuple(key, pick('true', 'false', '60s', '[]', '[10.0.0.0/8, "fd00::/8"]'))
    .map(([name, value]) => [`${name}: ${value}`]),
)
/** Mostly as it should be, with a line somewhere that may be anything. */
const document = fc
  .tuple(fc.array(block, { maxLength: 4 }), fc.option(line, { freq: 1 }), fc.nat(8))
  .map(([blocks, odd, at]) => blocks.flat().toSpliced(at, 0, ...(odd === null ? [] : [odd])))

const read = (text: string) => {
  try {
    return parseYamlDocuments(text)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

test('what the short reader takes, the library reads the same', () => {
  let taken = 0
  fc.assert(
    fc.property(fc.oneof(document, fc.array(line, { maxLength: 8 })), (lines) => {
      const text = lines.join('\n')
      const plain = readPlainYaml(text)
      if (plain === undefined) return
      taken += 1
      const documents = read(text)
      expect(documents).toHaveLength(1)
      const [first] = typeof documents === 'string' ? [] : documents
      expect(plain.value).toEqual(first?.value)
      for (const name of Object.keys(Object(plain.value)))
        expect(plain.placeOf(name)).toBe(first?.placeOf(name))
    }),
    { numRuns: 20_000 },
  )
  expect(taken).toBeGreaterThan(500)
})

test('it takes a long list, and a file with comments', () => {
  const items = Array.from({ length: 1000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`)
  const text = `# of the cluster\nmasqLinkLocal: false\nnonMasqueradeCIDRs: # all\n${items.map((one) => `- ${one}\n`).join('')}`
  expect(readPlainYaml(text)?.value).toEqual({ masqLinkLocal: false, nonMasqueradeCIDRs: items })
})

test('more than the library reads in 2 s is refused', () => {
  const text = Array.from({ length: 30_000 }, (_, i) => `- "${i}"`).join('\n')
  expect(read(text)).toMatch(/^line 2\d{4}, column \d+: the file has too many values; write fewer values/)
})
