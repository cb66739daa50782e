import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { lz4Block } from '../../scripts/packaging/lz4'

/** The decoder of the format's description, as native/modules.c has it. */
function expand(block: Uint8Array): Uint8Array {
  const out: number[] = []
  let at = 0
  const next = () => block[at++] ?? Number.NaN
  const lengthFrom = (nibble: number) => {
    let length = nibble
    if (nibble === 15) for (let byte = 255; byte === 255; length += byte) byte = next()
    return length
  }
  for (;;) {
    const token = next()
    for (let left = lengthFrom(token >> 4); left > 0; left--) out.push(next())
    if (at === block.length) return Uint8Array.from(out)
    const offset = next() | (next() << 8)
    for (let left = lengthFrom(token & 15) + 4; left > 0; left--)
      out.push(out[out.length - offset] ?? Number.NaN)
  }
}

test.each([
  ['nothing', Buffer.of()],
  ['one byte', Buffer.from('a')],
  ['too short for a match', Buffer.from('aaaaaaaaaaaa')],
  ['a run', Buffer.alloc(1000, 'a')],
  ['no repetition', randomBytes(5000)],
  [
    'a match far away',
    Buffer.concat([Buffer.from('the same'), randomBytes(70_000), Buffer.from('the same')]),
  ],
  [
    'literals and matches of each length',
    Buffer.concat([...Array(600).keys()].map((i) => Buffer.alloc(i, `${i} `))),
  ],
])('%s comes back as it was', (_, bytes) => {
  expect(Buffer.from(expand(lz4Block(bytes))).equals(bytes)).toBe(true)
})

test('what repeats itself gets smaller', () => {
  // One literal, one match of 999 bytes less the last five: token, byte, offset, four bytes of length; token, five bytes.
  expect(lz4Block(Buffer.alloc(1000, 'a')).length).toBe(1 + 1 + 2 + 4 + 1 + 5)
})
