import type { RunningDigest } from '../digest'
import { libc } from './libc'

export function sha256(text: string): string {
  return digestOf(256, text)
}

export function sha512(text: string): string {
  return digestOf(512, text)
}

function digestOf(bits: number, text: string): string {
  const state = libc.digestBegin(bits)
  libc.digestAdd(bits, state, libc.encode(text))
  return libc.digestEnd(bits, state)
}

export function startSha256(): RunningDigest {
  const state = libc.digestBegin(256)
  return {
    update: (bytes) => libc.digestAdd(256, state, bytes),
    end: () => libc.digestEnd(256, state),
  }
}

export function randomHex(bytes: number): string {
  const random = new Uint8Array(bytes)
  const length = libc.getrandom(random, 0)
  // getrandom(2) returns fewer bytes only for requests of more than 256.
  if (length !== bytes) throw new Error(`Cannot get ${bytes} random bytes: the system gave ${length}`)
  return libc.hex(random)
}
