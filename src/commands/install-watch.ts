import { join } from 'node:path'
import { toCniError } from '../cni/error'
import { fingerprint, fingerprintOf } from './fingerprint'
import { pauseUntilStop } from './pause'
import type { World } from './world'

const LOOK_MS = 1_500
const RETRY_MS = 5_000

/** So often in a minute is no primary plugin that starts: somebody takes it out on purpose, or writes what it remembers. */
const FIGHT = 3
const LONGEST_MS = 300_000

/** Stays, and installs again when a conflist changes; less and less often while another writer takes it out each time. */
export async function watchInstall(
  { confDir, binDir }: { readonly confDir: string; readonly binDir: string },
  world: World,
  apply: () => Promise<{ readonly done: readonly string[] }>,
): Promise<number> {
  const pause = pauseUntilStop(world)
  const look = () => `${fingerprint(confDir)}\n${fingerprintOf(join(binDir, 'ip-masq'))}`
  let known = ''
  let changes: number[] = []
  let wait = LOOK_MS
  await world.writeError(`watching ${confDir}\n`)
  for (await pause.sleep(LOOK_MS); !pause.isStopped(); await pause.sleep(wait)) {
    wait = LOOK_MS
    // Before it is put right: what changes meanwhile is seen at the next look.
    const seen = look()
    if (seen === known) continue
    try {
      const { done } = await apply()
      known = seen
      if (done.length === 0) continue
      await world.write(done.map((line) => `${line}\n`).join(''))
      const now = performance.now()
      changes = [...changes.filter((time) => now - time < 60_000 + wait), now]
      if (changes.length <= FIGHT) continue
      wait = Math.min(LONGEST_MS, RETRY_MS * 2 ** (changes.length - FIGHT))
      await world.writeError(
        `somebody takes ip-masq out of ${confDir} again and again: waiting ${wait / 1000} s; make the one who writes it keep it, or use a drop-in\n`,
      )
    } catch (error) {
      const { message, details } = toCniError(error)
      await world.writeError(`${message}${details && `: ${details}`}\n`)
      wait = RETRY_MS
    }
  }
  return 0
}
