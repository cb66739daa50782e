import { libc } from './libc'

/** time.h */
const [CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME] = [0, 1, 7]

export { after } from './loop'

export function now(): number {
  return libc.clock(CLOCK_MONOTONIC)
}

export function epochSeconds(): number {
  return libc.clock(CLOCK_REALTIME) / 1000
}

export function bootSeconds(): number {
  return libc.clock(CLOCK_BOOTTIME) / 1000
}

export function pause(milliseconds: number): void {
  const end = now() + milliseconds
  for (let left = milliseconds; left > 0; left = end - now()) libc.nanosleep(left)
}
