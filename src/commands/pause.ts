import { after } from '#system/clock'
import { onStop } from '#system/program'

/** Sleeps that end early when the process should end. */
export interface Pause {
  isStopped(): boolean
  sleep(milliseconds: number): Promise<void>
}

export function pauseUntilStop(): Pause {
  let isStopped = false
  let wake = () => {}
  onStop(() => {
    isStopped = true
    wake()
  })
  return {
    isStopped: () => isStopped,
    sleep: (milliseconds) =>
      isStopped
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            const cancel = after(milliseconds, resolve)
            wake = () => {
              cancel()
              resolve()
            }
          }),
  }
}
