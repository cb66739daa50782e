import type { Host } from '../backend'

/** Whoever changes rules waits until those before have done so. */
export async function inTurn<T>(host: Pick<Host, 'takeTurn'>, work: () => T | Promise<T>): Promise<T> {
  const leave = host.takeTurn?.()
  try {
    return await work()
  } finally {
    leave?.()
  }
}
