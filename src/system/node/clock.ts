import { loadBuiltin } from './load-builtin'

export function now(): number {
  return performance.now()
}

export function epochSeconds(): number {
  return Date.now() / 1000
}

export function bootSeconds(): number {
  return loadBuiltin('node:os').uptime()
}

export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

export function after(milliseconds: number, run: () => void): () => void {
  const timer = setTimeout(run, milliseconds)
  return () => clearTimeout(timer)
}
