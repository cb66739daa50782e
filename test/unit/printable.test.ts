import { describe, expect, test } from 'vitest'
import { CniError, quote, renderError } from '../../src/cni/error'
import { printable, printableText, printLines } from '../../src/cni/printable'

/** What others chose must not act on the terminal that shows it. */

const HOSTILE: readonly (readonly [string, string, string])[] = [
  ['an escape sequence', 'a\u001b[2Jb', 'a\\u001b[2Jb'],
  ['a line of its own', 'a\nip-masq: all is well', 'a\\nip-masq: all is well'],
  ['a carriage return', 'secret\rxxxxxx', 'secret\\u000dxxxxxx'],
  ['a backspace and DEL', 'a\bb\u007f', 'a\\u0008b\\u007f'],
  ['a C1 control sequence', 'a\u009b2Jb', 'a\\u009b2Jb'],
  ['a right-to-left override', 'a\u202eb', 'a\\u202eb'],
  ['an isolate', 'a\u2066b\u2069', 'a\\u2066b\\u2069'],
  ['a line separator', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
  ['a zero-width space', 'a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
  ['a tag beyond U+FFFF', 'a\u{e0041}', 'a\\udb40\\udc41'],
  ['half a character', 'a\ud800', 'a\\ud800'],
  ['NUL', 'a\0b', 'a\\u0000b'],
]

describe.each(HOSTILE)('%s', (_, text, escaped) => {
  test('is escaped in a line', () => {
    expect(printable(text)).toBe(escaped)
    expect(printLines([text, 'b'])).toBe(`${escaped}\nb\n`)
  })

  test('and in an error: after a runtime has read the JSON too', () => {
    const { msg } = JSON.parse(renderError(new CniError('bug', `x ${text}`), '1.0.0'))
    expect(msg).toBe(`x ${escaped}`)
    expect(quote(text)).toMatch(/^"[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*"$/u)
  })
})

test('what people write is left as it is', () => {
  const text = 'Größe: 10.0.0.0/8 "é" \\ 日本語 😀 \\u001b'
  expect([printable(text), printableText(text)]).toEqual([text, text])
})

test('several lines keep their breaks and tabs, and nothing else', () => {
  expect(printableText('a\n\tb\r\u001b[1m\u202e')).toBe('a\n\tb\\u000d\\u001b[1m\\u202e')
})

test('details of an error keep their lines', () => {
  const { details } = JSON.parse(renderError(new CniError('toolRefused', 'x', 'a\nb\u001b'), '1.0.0'))
  expect(details).toBe('a\nb\\u001b')
})
