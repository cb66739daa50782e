import { AT_FDCWD, libc } from '../../src/system/native/libc'

/** What test/packaging/libc.test.ts compiles and starts: each case's result or error, as JSON on stdout. */

type Call = (...args: unknown[]) => unknown
const call = libc as unknown as Readonly<Record<string, Call>>
const { openat, fstatat, spawn, read, sendto, pipe2, digestAdd, find, unlinkat } = call

const numbers = { valueOf: () => 1 }

const cases: Readonly<Record<string, () => unknown>> = {
  'a NUL in a path': () => openat?.(AT_FDCWD, '/dev/null\0/x', 0, 0),
  'a NUL in a word': () => spawn?.(['/bin/true', 'a\0b'], [], Int32Array.of(0, 1, 2), 0),
  'no words': () => spawn?.([], [], Int32Array.of(0, 1, 2), 0),
  'a program that is not there': () => spawn?.(['/nowhere'], [], Int32Array.of(0, 1, 2), 0),
  'too few descriptors': () => spawn?.(['/bin/true'], [], Int32Array.of(0), 0),
  'a path that is no text': () => unlinkat?.(AT_FDCWD, 1, 0),
  'an object for a number': () => read?.(numbers, 1),
  'a fraction for a descriptor': () => read?.(0.5, 1),
  'a list for bytes': () => sendto?.(0, [1, 2], 0),
  'a status with too little room': () => fstatat?.(AT_FDCWD, '/', 0, new Float64Array(8)),
  'ends of a pipe with too little room': () => pipe2?.(new Int32Array(1), 0),
  'a digest of no state': () => digestAdd?.(256, new Uint8Array(8), new Uint8Array(1)),
  'a digest of another width': () => digestAdd?.(1, new Uint8Array(512), new Uint8Array(1)),
  'digests of 256 bits, of each length': () => digests(256),
  'digests of 512 bits, of each length': () => digests(512),
  'a search from behind the end': () => find?.(new Uint8Array(2), new Uint8Array(1), 3),
  'a descriptor that is not open': () => read?.(99, 1),
  'bytes that are no UTF-8': () => libc.decode(Uint8Array.of(0x61, 0xff, 0xe2, 0x82, 0x62, 0xed, 0xa0, 0x80)),
  'half a pair': () => libc.hex(libc.encode('a\ud800b')),
  'all of latin1': () => libc.latin1(Uint8Array.of(0x41, 0xe9, 0xff)),
  'a BigInt with its upper bit set': () => (0xfe80n << 112n).toString(16),
}

/** The digest of the digests of 0 to 299 bytes, which come in two pieces. */
function digests(bits: number): string {
  const all = libc.digestBegin(bits)
  for (let length = 0; length < 300; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 31 + length)
    const one = libc.digestBegin(bits)
    libc.digestAdd(bits, one, bytes.subarray(0, length >> 1))
    libc.digestAdd(bits, one, bytes.subarray(length >> 1))
    libc.digestAdd(bits, all, libc.encode(libc.digestEnd(bits, one)))
  }
  return libc.digestEnd(bits, all)
}

function outcome(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return String(error)
  }
}

libc.onStart(() => {
  const outcomes = Object.fromEntries(Object.entries(cases).map(([name, run]) => [name, outcome(run)]))
  libc.write(1, libc.encode(JSON.stringify(outcomes)))
  libc.exit(0)
})
