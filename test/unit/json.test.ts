import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memberSpan, parseConfigText, rejectRepeatedKeys } from '../../src/cni/json'

const memberText = (text: string, key: string) => {
  const span = memberSpan(text, key)
  return span && text.slice(span.start, span.end).trim()
}

describe('memberSpan', () => {
  test.each([
    ['{"prevResult": {"n": 12345678901234567890}}', '{"n": 12345678901234567890}'],
    ['{ "a" : [ {"prevResult": 1} ], "prevResult" :\n {"b": "}"} , "c": 2 }', '{"b": "}"}'],
    ['{"a": "prevResult", "prevResult": {}}', '{}'],
    ['{"a\\"": {"x":1}, "prev\\u0052esult": {"y": "\\\\\\""}}', '{"y": "\\\\\\""}'],
    ['{"prevResult": 1, "prevResult": {"last": true}}', '{"last": true}'],
    ['{"a": [{"prevResult": {"x": 1}}], "prev\\u0052esult": {"y": 2}}', '{"y": 2}'],
    ['{"prev\\u0052esult": {"y": 2}, "a": "prevResult"}', '{"y": 2}'],
    ['{"a": "\\\\\\"prevResult\\\\\\": 7", "prevResult": {"y": 2}}', '{"y": 2}'],
    [
      '{"args": {"prevResult": {"n": 9007199254740992}}, "prev\\u0052esult": {"n": 9007199254740993}}',
      '{"n": 9007199254740993}',
    ],
    ['{"a": {"prevResult": 1}, "prevResult": {"n": 9007199254740993}}', '{"n": 9007199254740993}'],
    ['\n {"prevResult": {"y": "a\\u0026b"}}\n', '{"y": "a\\u0026b"}'],
    ['\t{"prevResult": 1, "prevResult": {"last": true}} ', '{"last": true}'],
    ['{"other": 1}', undefined],
    ['{}', undefined],
  ])('%s', (text, expected) => {
    expect(memberText(text, 'prevResult')).toBe(expected)
  })

  test('is the member that JSON.parse sees, in any JSON', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.jsonValue(),
        fc.boolean(),
        fc.stringMatching(/^[ \n\t\r]*$/),
        fc.constantFrom('', '{"prevResult":0}', '"\\u0026"', '"prevResult"', '"\\\\\\""'),
        (object, value, pretty, space, other) => {
          const members = { ...object, prevResult: value, last: 1 }
          const written = JSON.stringify(members, null, pretty ? 2 : undefined)
          // What JSON.stringify never writes: escapes that need not be, and a name twice.
          const text = `${space}${written.slice(0, -1)}${other && `,${space}"other":${other}`}}${space}`
          const member = memberText(text, 'prevResult')
          expect(member && JSON.parse(member)).toEqual(JSON.parse(text).prevResult)
        },
      ),
    )
  })
})

describe('a key that the config has twice', () => {
  const refusalOf = (text: string) => {
    try {
      rejectRepeatedKeys(text, parseConfigText(text), memberSpan(text, 'prevResult'))
    } catch (error) {
      return error
    }
    return 'accepted'
  }

  test.each([
    ['{"nonMasqueradeCIDRs": ["10.0.0.0/8"], "nonMasqueradeCIDRs": []}', 40, 2],
    ['{"name":"a","prevResult":{"ips":[]},"name":"b"}', 37, 2],
    ['{"name" :"a","name":"b"}', 14, 2],
    ['{"name" :"a","nam\\u0065":"b"}', 14, 2],
    ['{"name"\t:"a","b":{},"name"\r:"b"}', 21, 2],
    ['{"prevResult":{"a":1},"prevResult":{"a":2}}', 23, 2],
    ['{"policies":[{"name":"a","name":"a"}]}', 26, 15],
    ['{"snatTo":{"ipv4":"192.0.2.1","ipv4":"192.0.2.2"}}', 31, 12],
    ['{"a":[[[[[[[[[[[[{"b":1,"b":2}]]]]]]]]]]]]}', 25, 19],
    ['{"a":["x",{"b":1,"b":2}]}', 18, 12],
    ['{"prevResult":null,"a":1,"a":1}', 26, 20],
  ])('%s is refused with both positions', (text, column, first) => {
    expect(refusalOf(text)).toMatchObject({
      reason: 'invalidConfig',
      message: `Cannot use the config: line 1, column ${column}: this object already has this key, at line 1, column ${first}; keep one of the two`,
    })
  })

  test.each([
    '{"prevResult":{"a":1,"a":2,"b":{"a":1,"a":1}},"name":"a"}',
    '{"name":"a","a":{"name":"a"},"b":[{"name":"a"},{"name":"a"}]}',
    '{"name":"\\":","a":" :","b":"\\"a\\":\\"a\\":"}',
    '{"prevResult":{"a":"\\":"}}',
    '{"__proto__":{"a":1},"a":1}',
    '{}',
    '\ufeff{}'.slice(1),
  ])('%s has none', (text) => {
    expect(refusalOf(text)).toBe('accepted')
  })

  test('any JSON of JavaScript’s has none, and with one member more it is found', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }),
        fc.boolean(),
        (object, pretty) => {
          fc.pre(!Object.hasOwn(object, 'prevResult'))
          const text = JSON.stringify(object, null, pretty ? 2 : undefined)
          expect(refusalOf(text)).toBe('accepted')
          const [key] = Object.keys(object)
          expect(refusalOf(`${text.trim().slice(0, -1)},${JSON.stringify(key)}:1}`)).not.toBe('accepted')
        },
      ),
    )
  })

  test('a result of 10 MB is passed over', () => {
    const ips = Array.from({ length: 200_000 }, () => '{"address":"10.0.0.2/24","gateway":"10.0.0.1"}')
    expect(refusalOf(`{"name":"a","prevResult":{"ips":[${ips}],"ips":[]}}`)).toBe('accepted')
  })
})

describe('a config that cannot be read is not quoted', () => {
  test.each([
    [
      '{"token":"secret"',
      'it is not JSON: line 1, column 18: the text ends too early: write "," or the closing bracket',
    ],
    ['["secret"]', 'it is a list; write a JSON object, { ... }'],
    ['"secret"', 'it is a string; write a JSON object, { ... }'],
    ['null', 'it is null; write a JSON object, { ... }'],
    ['{\n  "a": secret\n}', 'it is not JSON: line 2, column 8: write a value'],
  ])('%j', (text, expected) => {
    expect(() => parseConfigText(text)).toThrow(
      expect.objectContaining({
        reason: 'notJson',
        message: `Cannot read the config: ${expected}`,
        details: '',
      }),
    )
  })
})
