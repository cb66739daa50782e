import type { World } from './world'

/** Sleeps that end when the process is asked to. */
export interface Pause {
  isStopped(): boolean
  sleep(milliseconds: number): Promise<void>
}

export function pauseUntilStop(world: Pick<World, 'onStop'>): Pause {
  let isStopped = false
  let wake = () => {}
  world.onStop(() => {
    isStopped = true
    wake()
  })
  return {
    isStopped: () => isStopped,
    sleep: (milliseconds) =>
      isStopped
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, milliseconds)
            wake = () => {
              clearTimeout(timer)
              resolve()
            }
          }),
  }
}
