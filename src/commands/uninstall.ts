import { CniError } from '../cni/error'
import { printLines } from '../cni/printable'
import { withIoFailures } from '../install/io-failure'
import { filesThatName, leaveNetworks, removeExecutable } from '../install/uninstall'
import { VERSION } from '../version'
import { errorText } from './error-text'
import { serveHealth, UNASKED } from './health'
import { waitUntilUnused } from './in-use'
import { type CommandOptions, parseInstallOptions } from './install-options'
import { type Pause, pauseUntilStop } from './pause'
import type { World } from './world'

/** `ip-masq uninstall`: out of the conflists first; the executable only when nobody's DEL needs it any more. */
export function uninstallCommand(args: readonly string[], world: World): Promise<number> {
  return withIoFailures(() => run(args, world))
}

async function run(args: readonly string[], world: World): Promise<number> {
  const options = parseInstallOptions('uninstall', args, [
    ...(['profile', 'bin-dir', 'conf-dir', 'cache-dir', 'force', 'timeout', 'root'] as const),
    ...(['watch', 'health-port', 'grace'] as const),
  ])
  if (options.root !== undefined) world.enterHostRoot(options.root)
  const pause = pauseUntilStop(world)
  return options.watch ? watchUninstall(options, world, pause) : uninstall(options, world, pause)
}

const WATCH_MS = 5_000

/** Stays, until the process is stopped: for a DaemonSet, whose pods are ready when their nodes are rid of it. */
async function watchUninstall(options: CommandOptions, world: World, pause: Pause): Promise<number> {
  const { healthPort } = options
  const health = healthPort === undefined ? UNASKED : await serveHealth(healthPort, ['uninstall'])
  let known = ''
  await world.writeError(`ip-masq ${VERSION}: uninstalling, and staying\n`)
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
    // What it did is told, and what holds it up only once.
    if (said !== known) await world.write(said)
    known = said
    health.turned('uninstall', { error: status === 0 ? undefined : said.trim(), nextMs: WATCH_MS })
  }
  return 0
}

async function uninstall(options: CommandOptions, world: World, pause: Pause): Promise<number> {
  const { binDir, confDir } = options
  let said = 0
  const say = async (lines: readonly string[]) => {
    said += lines.length
    await world.write(printLines(lines))
  }
  const leave = async () => {
    await say(await leaveNetworks(confDir))
    await requireUnnamed(binDir, confDir)
  }
  await leave()
  const inUse = await waitUntilUnused(options, world, { say, leave, pause })
  if (inUse > 0 && !options.force) {
    const [use, they] =
      inUse === 1 ? ['1 attachment uses', 'it is'] : [`${inUse} attachments use`, 'they are']
    const whose = inUse === 1 ? 'its' : 'their'
    await say([
      `left alone ${binDir}/ip-masq: ${use} it still, and ${whose} DEL needs it; run this again when ${they} gone, with --timeout to wait for that, or with --force`,
    ])
    return 1
  }
  if (inUse > 0) {
    await say([
      `removing the rules of ${inUse} attachment${inUse === 1 ? '' : 's'}: open masqueraded connections are cut, new ones are not masqueraded, and DELs will fail`,
    ])
  }
  await world.backend().tearDown()
  // A primary plugin may have written what it remembers meanwhile.
  await leave()
  await say(await removeExecutable(binDir))
  if (said === 0) await say(['nothing to do'])
  return 0
}

/** What cannot be edited keeps the executable: every ADD and DEL of that network would fail without it. */
async function requireUnnamed(binDir: string, confDir: string): Promise<void> {
  const [file] = await filesThatName(confDir)
  if (file === undefined) return
  throw new CniError('ioFailure', `Cannot remove ${binDir}/ip-masq: ${file} names it; take it out by hand`)
}
