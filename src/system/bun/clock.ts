import * as node from '../node/clock'
import { libc } from './libc'

/** The object `performance` costs its first use 0.05 ms. */
export function now(): number {
  return Bun.nanoseconds() / 1e6
}

export function epochSeconds(): number {
  return node.epochSeconds()
}

/** clock_gettime(2); CLOCK_BOOTTIME is 7. A timespec is two 64-bit numbers. */
export function bootSeconds(): number {
  const time = new Uint8Array(16)
  if (libc()?.clockGettime(7, time) !== 0) return node.bootSeconds()
  let seconds = 0
  for (let i = 7; i >= 0; i--) seconds = seconds * 256 + (time[i] ?? 0)
  return seconds
}

export function pause(milliseconds: number): void {
  node.pause(milliseconds)
}

export function after(milliseconds: number, run: () => void): () => void {
  return node.after(milliseconds, run)
}
