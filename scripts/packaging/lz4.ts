/**
 * One block of the LZ4 format (lz4_Block_format.md): the bytecode that most calls never read takes half its room so. native/modules.c expands
 * it. Of several matches the last one is taken, which is good enough here.
 */
export function lz4Block(bytes: Uint8Array): Uint8Array {
  const out: number[] = []
  const lastAt = new Map<number, number>()
  let literals = 0
  // The format wants the last 5 bytes to be literals, and no match to begin in the last 12.
  for (let at = 0; at < bytes.length - 12; ) {
    const key = fourBytes(bytes, at)
    const from = lastAt.get(key)
    lastAt.set(key, at)
    if (from === undefined || at - from > 0xffff) {
      at++
      continue
    }
    let length = 4
    while (at + length < bytes.length - 5 && bytes[from + length] === bytes[at + length]) length++
    putSequence(out, bytes.subarray(literals, at), { offset: at - from, length })
    for (let inside = at + 1; inside < at + length; inside++) lastAt.set(fourBytes(bytes, inside), inside)
    at += length
    literals = at
  }
  putSequence(out, bytes.subarray(literals))
  return Uint8Array.from(out)
}

function fourBytes(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4)
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
}

interface Match {
  readonly offset: number
  readonly length: number
}

function putSequence(out: number[], literals: Uint8Array, match?: Match): void {
  const rest = match ? match.length - 4 : 0
  out.push((Math.min(literals.length, 15) << 4) | Math.min(rest, 15))
  putLength(out, literals.length)
  for (const byte of literals) out.push(byte)
  if (!match) return
  out.push(match.offset & 0xff, match.offset >> 8)
  putLength(out, rest)
}

/** What does not fit into the token. */
function putLength(out: number[], length: number): void {
  if (length < 15) return
  let left = length - 15
  for (; left >= 255; left -= 255) out.push(255)
  out.push(left)
}
