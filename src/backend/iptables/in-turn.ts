import type { Host } from '../backend'

/** Runs `work` when it is our turn to change rules: each call waits for those before it. */
export async function inTurn<T>(host: Pick<Host, 'takeTurn'>, work: () => T | Promise<T>): Promise<T> {
  const leave = host.takeTurn?.()
  try {
    return await work()
  } finally {
    leave?.()
  }
}
