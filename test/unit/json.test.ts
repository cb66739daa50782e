import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memberText } from '../../src/cni/json'

describe('memberText', () => {
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
