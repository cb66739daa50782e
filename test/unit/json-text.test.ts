import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanJson } from '../../src/cni/json-scan'
import { parseJsonText, repeatedKeyFault } from '../../src/cni/json-text'

describe('a fault in JSON has its position, and nothing of the text is quoted', () => {
  test.each([
    ['', 'line 1, column 1: the text ends too early: write a value'],
    ['{"a": 1,}', 'line 1, column 9: write a key in double quotes'],
    ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: write "," or "}"'],
    ['{"a" 1}', 'line 1, column 6: write ":" after the key'],
    ['[1,\n2', 'line 2, column 2: the text ends too early: write "," or the closing bracket'],
    ['{"a": "secret', 'line 1, column 7: write the closing quote of this string'],
    ['{"a": "sec\tret"}', 'line 1, column 11: write this control character as an escape, as in "\\n"'],
    ['{"a": "sec\\ret\\x"}', 'line 1, column 15: write "\\\\" for a backslash'],
    ['{"a": secret}', 'line 1, column 7: write a value'],
    ['{"a": 010}', 'line 1, column 7: write a value'],
    ['root:$6$secret:19000:0:99999:7:::\n', 'line 1, column 1: write a value'],
    ['{} secret', 'line 1, column 4: remove the text after the JSON value'],
    ['{"a": [}', 'line 1, column 8: write a value, or "]"'],
    ['\ufeff{}', 'line 1, column 1: write a value'],
  ])('%j', (text, message) => {
    expect(() => parseJsonText(text)).toThrow(message)
    expect(() => parseJsonText(text)).not.toThrow(/secret/)
  })
})

describe('a key that an object has twice', () => {
  const twice = (first: string) => `this object already has this key, at ${first}; keep one of the two`
  test.each([
    ['{"a": 1, "a": 2}', `line 1, column 10: ${twice('line 1, column 2')}`],
    ['{"a": 1, "\\u0061": 2}', `line 1, column 10: ${twice('line 1, column 2')}`],
    ['[{"b": {"a": 1,\n "a": 1}}]', `line 2, column 2: ${twice('line 1, column 9')}`],
    ['{"__proto__": 1, "__proto__": 2}', `line 1, column 18: ${twice('line 1, column 2')}`],
  ])('%s is refused', (text, message) => {
    expect(() => parseJsonText(text)).toThrow(message)
  })

  test.each(['{"a": {"a": 1}, "b": {"a": 1}}', '[{"a": 1}, {"a": 2}]', '{"a": "a", "A": 1}'])(
    '%s has none',
    (text) => {
      expect(parseJsonText(text)).toEqual(JSON.parse(text))
    },
  )

  test('below the excepted key is the business of others', () => {
    const text = '{"prevResult": {"x": 1, "x": {"y": 1, "y": 2}}, "name": "a"}'
    expect(repeatedKeyFault(text, 'prevResult')).toBeUndefined()
    expect(repeatedKeyFault(`{"args": ${text}}`, 'prevResult')).toBe(
      `line 1, column 34: ${twice('line 1, column 26')}`,
    )
    expect(repeatedKeyFault('{"prevResult": {}, "prevResult": {}}', 'prevResult')).toBe(
      `line 1, column 20: ${twice('line 1, column 2')}`,
    )
  })
})

describe('it takes what JSON.parse takes, and nothing else:', () => {
  const isJson = (text: string) => {
    try {
      JSON.parse(text)
      return true
    } catch {
      return false
    }
  }
  const scans = (text: string) => scanJson(text, { allowsRepeatedKeys: true }).fault === undefined

  test('any JSON, with a character more, less, or changed', () => {
    const character = fc.constantFrom(...'{}[]",:\\ \n\t01-+.eEtfnu/\u0000x')
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.nat(1), fc.option(character), (json, where, cut, more) => {
        const at = where % (json.length + 1)
        const text = `${json.slice(0, at)}${more ?? ''}${json.slice(at + cut)}`
        expect(scans(text)).toBe(isJson(text))
      }),
      { numRuns: 5000 },
    )
  })

  test('any row of its own characters', () => {
    const rows = fc.array(
      fc.constantFrom('{', '}', '[', ']', '"a"', ',', ':', ' ', '1', '-', '0', '.', 'e', 'true', 'null', '"'),
      { maxLength: 9 },
    )
    fc.assert(
      fc.property(rows, (row) => {
        expect(scans(row.join(''))).toBe(isJson(row.join('')))
      }),
      { numRuns: 5000 },
    )
  })

  test('the deepest nesting', () => {
    expect(scanJson('['.repeat(100_000)).fault?.offset).toBe(100_000)
    expect(scanJson('{"a":'.repeat(100_000)).fault?.offset).toBe(500_000)
    expect(scanJson('['.repeat(10_000_000)).fault).toEqual({ offset: 100_000, expected: 'nest less deeply' })
  })
})
