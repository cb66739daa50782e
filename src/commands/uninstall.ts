import { attachmentId } from '../backend/identity'
import { CniError } from '../cni/error'
import { attachmentsInUse, filesThatName, leaveNetworks, removeExecutable } from '../install/uninstall'
import { type CommandOptions, parseInstallOptions } from './install-options'
import type { World } from './world'

const LOOK_MS = 1_000

/** `ip-masq uninstall`: out of the conflists first; the executable only when nobody's DEL needs it any more. */
export async function uninstallCommand(args: readonly string[], world: World): Promise<number> {
  const options = parseInstallOptions('uninstall', args, [
    ...(['profile', 'bin-dir', 'conf-dir', 'cache-dir', 'force', 'timeout'] as const),
  ])
  const { binDir, confDir } = options
  let said = 0
  const say = async (lines: readonly string[]) => {
    said += lines.length
    await world.write(lines.map((line) => `${line}\n`).join(''))
  }
  await say(await leaveNetworks(confDir))
  requireUnnamed(binDir, confDir)
  const inUse = await waitUntilUnused(options, world, say)
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
  await say(removeExecutable(binDir))
  if (said === 0) await say(['nothing to do'])
  return 0
}

async function waitUntilUnused(
  { cacheDir, timeoutSeconds = 0 }: CommandOptions,
  world: World,
  say: (lines: readonly string[]) => Promise<void>,
): Promise<number> {
  const end = performance.now() + timeoutSeconds * 1000
  let inUse = await countInUse(cacheDir, world)
  if (inUse > 0 && timeoutSeconds > 0)
    await say([`waiting for ${inUse} attachments to go, ${timeoutSeconds} s at most`])
  while (inUse > 0 && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_MS, end - performance.now())))
    inUse = await countInUse(cacheDir, world)
  }
  return inUse
}

/** What cannot be edited keeps the executable: every ADD and DEL of that network would fail without it. */
function requireUnnamed(binDir: string, confDir: string): void {
  const [file] = filesThatName(confDir)
  if (file === undefined) return
  throw new CniError('ioFailure', `Cannot remove ${binDir}/ip-masq: ${file} names it; take it out by hand`)
}

/** By the kernel's rules and by libcni's cache: each knows some that the other does not. */
async function countInUse(cacheDir: string, world: World): Promise<number> {
  const cached = attachmentsInUse(cacheDir).map(({ attachment }) => attachmentId(attachment))
  const listed = await world
    .backend()
    .list()
    .catch(() => [])
  return new Set([...cached, ...listed.map(({ id }) => id)]).size
}
