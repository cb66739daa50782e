import { CniError } from '../cni/error'
import { printLines } from '../cni/printable'
import { withIoFailures } from '../install/io-failure'
import { filesThatName, leaveNetworks, removeExecutable } from '../install/uninstall'
import { renderUse } from '../install/uses'
import { VERSION } from '../system/version'
import { removeDocuments } from './documents/place'
import { errorText } from './error-text'
import { serveHealth } from './health'
import { enterHostRoot } from './host-root'
import { type Steps, waitUntilUnused } from './in-use'
import { requireNamedDirectories } from './named-directories'
import { type Pause, pauseUntilStop } from './pause'
import { requireRoot } from './root'
import type { UninstallOptions } from './rows/uninstall'
import type { World } from './world'

/**
 * `ip-masq uninstall` takes ip-masq out of the conflists first. It removes the executable only when no DEL needs it any
 * more.
 */
export function uninstallCommand(options: UninstallOptions, world: World): Promise<number> {
  return withIoFailures(() => run(options, world))
}

async function run(options: UninstallOptions, world: World): Promise<number> {
  requireRoot('uninstall')
  if (options.root !== undefined) enterHostRoot(options.root)
  const pause = pauseUntilStop()
  return options.watch ? watchUninstall(options, world, pause) : uninstall(options, world, pause)
}

const WATCH_MS = 5_000

/**
 * Stays until the process is stopped. This is for a DaemonSet, whose pods are ready when their nodes are free of
 * ip-masq.
 */
async function watchUninstall(options: UninstallOptions, world: World, pause: Pause): Promise<number> {
  const health = serveHealth(options, { loops: ['uninstall'] }, world)
  let known = ''
  await world.stay()
  await world.writeError(`ip-masq ${VERSION}: uninstalling, and trying again until no pod needs ip-masq\n`)
  for (; !pause.isStopped(); await pause.sleep(WATCH_MS)) {
    let said = ''
    const write = async (text: string) => {
      said += text
    }
    const status = await withIoFailures(() => uninstall(options, { ...world, write }, pause)).catch(
      (error) => {
        said += `${errorText(error)}\n`
        return 1
      },
    )
    // It prints what it did, and only once what holds it up.
    if (said !== known) await world.write(said)
    known = said
    health.turned('uninstall', { error: status === 0 ? undefined : said.trim(), nextMs: WATCH_MS })
  }
  return 0
}

async function uninstall(options: UninstallOptions, world: World, pause: Pause): Promise<number> {
  const executable = `${options.binDir}/ip-masq`
  let said = 0
  let consequences: readonly string[] = []
  const say = async (lines: readonly string[]) => {
    said += lines.length
    await world.write(printLines(lines))
  }
  const leave = async () => {
    requireNamedDirectories(options)
    const left = leaveNetworks(options)
    consequences = left.consequences
    await say(left.done)
    requireUnnamed(options)
  }
  try {
    await leave()
    const status = await removeRules(options, world, { say, leave, pause })
    if (status === 0) {
      const { done, leftAlone } = removeDocuments()
      await say([...done, ...leftAlone.map((line) => `left alone: ${line}`)])
      const removed = removeExecutable(options.binDir)
      const line = removed ? `removed ${executable}` : `there is no ${executable}`
      await say([removed || said > 0 ? line : `nothing to do: ${line}`])
    }
    // The executable was not removed, although that was requested.
    return options.restorePrimaryMasq && consequences.length > 0 ? 1 : status
  } finally {
    // This holds as long as the masquerade is off, and not only at the moment when we take ip-masq out.
    await say(consequences.map((line) => `left to do: ${line}`))
  }
}

/** Removes the rules when nothing needs them and the executable any more. */
async function removeRules(options: UninstallOptions, world: World, steps: Steps): Promise<number> {
  const { binDir, force } = options
  const { say, leave } = steps
  const uses = await waitUntilUnused(options, world, steps)
  await say(uses.map(renderUse))
  const isOne = uses.length === 1
  if (uses.length > 0 && !force) {
    const [use, whose, they] = isOne
      ? ['1 attachment still uses', 'its', 'it is']
      : [`${uses.length} attachments still use`, 'their', 'they are']
    await say([
      `left alone ${binDir}/ip-masq: ${use} it, and ${whose} DEL needs it; run this again when ${they} gone, with --timeout to wait for that, or with --force`,
    ])
    return 1
  }
  if (uses.length > 0) {
    await say([
      `removing the rules of ${uses.length} attachment${isOne ? '' : 's'}: open masqueraded connections are cut, new ones are not masqueraded, and DELs will fail`,
    ])
  }
  await world.backend().tearDown()
  // A primary plugin may have written an old state meanwhile.
  await leave()
  return 0
}

/** A conflist that cannot be edited keeps the executable. Without it every ADD and DEL of that network would fail. */
function requireUnnamed({ binDir, confDir, force }: UninstallOptions): void {
  const [file] = filesThatName(confDir, { force })
  if (file === undefined) return
  throw new CniError('ioFailure', `Cannot remove ${binDir}/ip-masq: ${file} names it; take it out by hand`)
}
