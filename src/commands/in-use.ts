import { now } from '#system/clock'
import { renderUse, type Use, usesOf } from '../install/uses'
import { readNodeCache } from '../sync/node-cache'
import { judgeAll } from '../sync/prune'
import { fileRefusal, inPlainWords } from '../system/plain-words'
import type { Pause } from './pause'
import type { UninstallOptions } from './rows/uninstall'
import type { World } from './world'

const LOOK_MS = 1_000

export interface Steps {
  readonly say: (lines: readonly string[]) => Promise<void>
  readonly leave: () => Promise<void>
  readonly pause: Pause
}

/** Waits as long as requested, and returns what still needs the executable. */
export async function waitUntilUnused(
  options: UninstallOptions,
  world: World,
  { say, leave, pause }: Steps,
): Promise<readonly Use[]> {
  const { timeoutSeconds = 0 } = options
  const end = now() + timeoutSeconds * 1000
  let uses = await findUses(options, world)
  if (uses.length > 0 && timeoutSeconds > 0)
    await say([...uses.map(renderUse), `in use: ${uses.length}; waiting for ${timeoutSeconds} s at most`])
  while (uses.length > 0 && now() < end && !pause.isStopped()) {
    await pause.sleep(Math.min(LOOK_MS, end - now()))
    await leave()
    uses = await findUses(options, world)
  }
  return uses
}

/** If the use cannot be found out, that is an error, or with --force a use. */
async function findUses({ cacheDirs, graceSeconds, force }: UninstallOptions, world: World): Promise<Use[]> {
  try {
    const judgement = await judgeAll(world.backend(), {
      readCache: () => readNodeCache(cacheDirs),
      graceSeconds,
    })
    return usesOf(judgement)
  } catch (error) {
    if (!force) throw error
    return [{ because: fileRefusal(error) ?? inPlainWords(error) }]
  }
}
