import { ERRNO } from '../errno'
import { libc } from './libc'
import { refused } from './refused'

/** The times and ready descriptors that a program without other work waits for. */

interface Timer {
  readonly due: number
  readonly run: () => void
}

interface Watch {
  readonly descriptor: number
  readonly events: number
  /** Whether the program stays for it. */
  readonly isReason: boolean
  readonly run: () => void
}

/** poll.h. Errors and hang-ups are always reported. */
export const POLL = { in: 1, out: 4, peerEnded: 0x2000 } as const

const CLOCK_MONOTONIC = 1
const timers = new Set<Timer>()
const watches = new Set<Watch>()
let isRunning = false

export function after(milliseconds: number, run: () => void): () => void {
  const timer = { due: libc.clock(CLOCK_MONOTONIC) + milliseconds, run }
  timers.add(timer)
  start()
  return () => timers.delete(timer)
}

/** Calls `run` whenever the descriptor is ready; returns a function that ends this. */
export function whenReady(descriptor: number, events: number, run: () => void, isReason = true): () => void {
  const watch = { descriptor, events, isReason, run }
  watches.add(watch)
  start()
  return () => watches.delete(watch)
}

function start(): void {
  if (!isRunning) libc.onIdle(waitOnce)
  isRunning = true
}

/**
 * Waits once. struct pollfd is a descriptor and two numbers of 16 bits: the events that are wanted, and those that
 * happened.
 */
function waitOnce(): boolean {
  if (timers.size === 0 && ![...watches].some(({ isReason }) => isReason)) return false
  const asked = [...watches]
  const descriptors = new Int32Array(2 * asked.length)
  for (const [i, { descriptor, events }] of asked.entries()) {
    descriptors[2 * i] = descriptor
    descriptors[2 * i + 1] = events
  }
  const ready = libc.ppoll(descriptors, untilNext())
  if (ready < 0 && ready !== -ERRNO.EINTR) throw refused({ errno: -ready, syscall: 'poll' })
  runDue()
  if (ready <= 0) return true
  // A function that ran before may have ended this watch.
  for (const [i, watch] of asked.entries())
    if ((descriptors[2 * i + 1] ?? 0) >> 16 !== 0 && watches.has(watch)) watch.run()
  return true
}

const LONGEST_MS = 0x7fffffff

/** The time until the next timer, rounded up, so that no timer runs early; -1 waits for descriptors only. */
function untilNext(): number {
  let next = Number.POSITIVE_INFINITY
  for (const { due } of timers) next = Math.min(next, due)
  if (next === Number.POSITIVE_INFINITY) return -1
  return Math.min(LONGEST_MS, Math.max(0, Math.ceil(next - libc.clock(CLOCK_MONOTONIC))))
}

function runDue(): void {
  const now = libc.clock(CLOCK_MONOTONIC)
  const due = [...timers].filter((timer) => timer.due <= now).sort((a, b) => a.due - b.due)
  for (const timer of due) if (timers.delete(timer)) timer.run()
}
