import { join } from 'node:path'
import { VERSION } from '../about'
import { toCniError } from '../cni/error'
import { fingerprint, fingerprintOf } from './fingerprint'
import type { Health } from './health'
import { pauseUntilStop } from './pause'
import type { World } from './world'

const LOOK_MS = 1_500
const RETRY_MS = 5_000

/** So often in a minute is no primary plugin that starts: somebody takes it out on purpose, or writes what it remembers. */
const FIGHT = 3
const LONGEST_MS = 300_000

interface Watched {
  readonly confDir: string
  readonly binDir: string
  /** With our part of the conflist. */
  readonly configFile: string | undefined
}

/**
 * Stays, and installs again when a conflist, the executable or our config changes; less and less often while another
 * writer takes it out each time. What fails is told once, and tried again: the primary plugin may not have started yet,
 * and nobody restarts a watch that gave up at night.
 */
export async function watchInstall(
  { confDir, binDir, configFile }: Watched,
  { world, health }: { readonly world: World; readonly health: Health },
  apply: (turn: { readonly isFirst: boolean }) => Promise<{ readonly hasChanged: boolean }>,
): Promise<number> {
  const pause = pauseUntilStop(world)
  const files = [join(binDir, 'ip-masq'), ...(configFile === undefined ? [] : [configFile])]
  const look = () => [fingerprint(confDir), ...files.map(fingerprintOf)].join('\n')
  let known = ''
  let isFirst = true
  let error: string | undefined
  let changes: number[] = []
  await world.writeError(`ip-masq ${VERSION}: watching ${confDir}\n`)
  while (!pause.isStopped()) {
    let wait = LOOK_MS
    // Before it is put right: what changes meanwhile is seen at the next look.
    const seen = look()
    if (seen !== known) {
      try {
        const { hasChanged } = await apply({ isFirst })
        const now = performance.now()
        if (hasChanged && !isFirst) changes = [...changes.filter((time) => now - time < 60_000 + wait), now]
        if (hasChanged && changes.length > FIGHT) {
          wait = Math.min(LONGEST_MS, RETRY_MS * 2 ** (changes.length - FIGHT))
          await world.writeError(
            `somebody takes ip-masq out of ${confDir} again and again: waiting ${wait / 1000} s; make the one who writes it keep it, or use a drop-in\n`,
          )
        }
        known = seen
        isFirst = false
        error = undefined
      } catch (reason) {
        const { message, details } = toCniError(reason)
        const said = `${message}${details && `: ${details}`}`
        if (said !== error) await world.writeError(`${said}\n`)
        error = said
        wait = RETRY_MS
      }
    }
    health.turned('install', { error, nextMs: wait })
    await pause.sleep(wait)
  }
  return 0
}
