import { now, pause } from '#system/clock'
import { randomHex } from '#system/digest'

/**
 * For reading again what others change meanwhile: on a busy node everybody's ADDs do. Pauses a little longer each time, and
 * differently in each process, so that processes do not collide again. False when it is time to give up.
 */
export function untilLate(milliseconds: number): () => boolean {
  const end = now() + milliseconds
  let longest = 1
  return () => {
    longest = Math.min(2 * longest, 50)
    pause(1 + randomFraction() * longest)
    return now() < end
  }
}

/** At least 0, and less than 1. */
function randomFraction(): number {
  return Number.parseInt(randomHex(4), 16) / 2 ** 32
}
