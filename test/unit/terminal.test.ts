import { expect, test } from 'vitest'
import { alignColumns, writeTable } from '../../src/commands/terminal'

test('columns are as wide as what is in them, and no line ends in a blank', () => {
  expect(
    alignColumns([
      ['ADDRESS', 'POD', 'POLICY'],
      ['10.244.1.7', 'shop/web-1', 'policy-5be1c0d2a9e04f31'],
      ['fd00::7', '', 'x'],
    ]),
  ).toEqual([
    'ADDRESS     POD         POLICY',
    '10.244.1.7  shop/web-1  policy-5be1c0d2a9e04f31',
    'fd00::7     -           x',
  ])
})

test('wide characters take two columns, marks none, and control characters become text', () => {
  expect(
    alignColumns([
      ['店', 'a'],
      ['e\u0301e\u0301e\u0301', 'b'],
      ['\u001b[1m', 'c'],
      ['🚀x', 'd'],
      ['a\nb\u202e', 'e'],
    ]),
  ).toEqual([
    '店          a',
    'e\u0301e\u0301e\u0301         b',
    '\\u001b[1m   c',
    '🚀x         d',
    'a\\nb\\u202e  e',
  ])
})

test('rows may be shorter than the headings, and there may be none', () => {
  expect(alignColumns([['A', 'B', 'C'], ['1'], ['22', '3']])).toEqual(['A   B  C', '1', '22  3'])
  expect(alignColumns([])).toEqual([])
})

test('only the headings go where headings go', async () => {
  const written: [string, string][] = []
  const world = {
    write: async (text: string) => void written.push(['text', text]),
    writeHeading: async (line: string) => void written.push(['heading', line]),
  }
  await writeTable(world, {
    headings: ['NAME', 'N'],
    rows: [
      ['a', '1'],
      ['bcdef', '2'],
    ],
  })
  expect(written).toEqual([
    ['heading', 'NAME   N'],
    ['text', 'a      1\nbcdef  2\n'],
  ])
})

test('a table of ASCII alone is laid out as one that has a name in other letters', () => {
  const rows = [
    ['POD', 'ADDRESS', ''],
    ['shop/web-1', '', '-'],
    ['', '10.244.1.7,fd00::7', ''],
  ]
  expect(alignColumns([...rows, ['é', 'é', 'é']]).slice(0, 3)).toEqual(alignColumns(rows))
})
