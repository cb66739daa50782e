import { now } from '#system/clock'
import { join } from '../system/paths'
import { VERSION } from '../system/version'
import { errorText } from './error-text'
import { fingerprint, fingerprintOf } from './fingerprint'
import type { Health } from './health'
import { pauseUntilStop } from './pause'
import type { World } from './world'

const LOOK_MS = 1_500

/**
 * The times between attempts after a failure: soon at first, then less often. Changes of files are noticed at the next
 * look in any case.
 */
const RETRY_MS = 5_000
const LONGEST_RETRY_MS = 60_000

/**
 * A primary plugin that starts does not write so often in a minute. Somebody takes ip-masq out on purpose, or writes an
 * old state again and again.
 */
const FIGHT = 3
const LONGEST_TRUCE_MS = 300_000

interface Watched {
  readonly confDir: string
  readonly binDir: string
  /** The texts with our part of the conflist. */
  readonly configFile: string | undefined
}

interface Applied {
  /** Somebody had removed what we had put there. */
  readonly wasUndone: boolean
}

/**
 * Stays, and installs again when a conflist, the executable or our config changes. While another writer takes ip-masq
 * out each time, it does so less and less often. A failure is printed once, and the work is tried again: the primary
 * plugin may not have started yet, and nobody restarts a watch that gave up at night.
 */
export async function watchInstall(
  { confDir, binDir, configFile }: Watched,
  { world, health }: { readonly world: World; readonly health: Health },
  apply: (turn: { readonly isFirst: boolean }) => Promise<Applied>,
): Promise<number> {
  const pause = pauseUntilStop()
  const files = [join(binDir, 'ip-masq'), ...(configFile === undefined ? [] : [configFile])]
  const look = () => [fingerprint(confDir), ...files.map(fingerprintOf)].join('\n')
  let known = ''
  let isFirst = true
  let undone: number[] = []
  let truce = 0
  let failures = 0
  let error: string | undefined
  let retryAt = 0
  const fail = async (said: string, waitMs: number) => {
    if (said !== error) await world.writeError(`${said}\n`, 'error')
    error = said
    retryAt = now() + waitMs
  }
  await world.stay()
  await world.writeError(`ip-masq ${VERSION}: watching ${confDir}\n`, 'info')
  while (!pause.isStopped()) {
    // This is read before the repair, so the next look notices changes in between.
    const seen = look()
    if (seen !== known || (error !== undefined && now() >= retryAt)) {
      known = seen
      try {
        const { wasUndone } = await apply({ isFirst })
        const time = now()
        if (wasUndone && !isFirst) undone = [...undone.filter((one) => time - one < 60_000 + truce), time]
        isFirst = false
        failures = 0
        error = undefined
        if (wasUndone && undone.length > FIGHT) {
          truce = Math.min(LONGEST_TRUCE_MS, RETRY_MS * 2 ** (undone.length - FIGHT))
          await fail(
            `another program takes ip-masq out of ${confDir} again and again: waiting ${truce / 1000} s; give that program a list with ip-masq in it, or use a drop-in`,
            truce,
          )
          health.turned('install', { error, nextMs: truce })
          await pause.sleep(truce)
          // One more turn finds out whether it is there now.
          known = ''
          continue
        }
      } catch (reason) {
        await fail(errorText(reason), Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** failures++))
      }
    }
    health.turned('install', { error, nextMs: LOOK_MS })
    await pause.sleep(LOOK_MS)
  }
  return 0
}
