import { CniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { readSmallFile } from '../cni/small-file'
import { parseConfig } from '../config/parse'
import { install } from '../install/install'
import { withIoFailures } from '../install/io-failure'
import { runningRuntimes } from '../install/runtimes'
import { findTarget } from '../install/target'
import { type CommandOptions, parseInstallOptions } from './install-options'
import { watchInstall } from './install-watch'
import type { World } from './world'

const LOOK_MS = 1_000

/** `ip-masq install`: the executable in its place, and ip-masq in the network. */
export function installCommand(args: readonly string[], world: World): Promise<number> {
  return withIoFailures(() => run(args, world))
}

async function run(args: readonly string[], world: World): Promise<number> {
  const options = parseInstallOptions('install', args, [
    ...(['profile', 'bin-dir', 'conf-dir', 'cache-dir', 'network', 'mode', 'config'] as const),
    ...(['disable-primary-masq', 'wait', 'watch', 'sync'] as const),
  ])
  if (options.waitSeconds !== undefined) await waitForNetwork(options, options.waitSeconds)
  const apply = () =>
    install(
      { ...options, plugin: readPlugin(options.configFile) },
      { executable: world.executable(), runtimes: runningRuntimes },
    )
  const { done, advice } = await apply()
  const lines = [
    ...(done.length > 0 ? done : ['nothing to do']),
    ...advice.map((line) => `left to do: ${line}`),
  ]
  await world.write(lines.map((line) => `${line}\n`).join(''))
  const loops = [
    ...(options.watch ? [watchInstall(options, world, apply)] : []),
    ...(options.sync ? [syncLoop(options, world)] : []),
  ]
  return Math.max(0, ...(await Promise.all(loops)))
}

async function syncLoop({ confDir, cacheDir }: CommandOptions, world: World): Promise<number> {
  const { syncCommand } = await import('./sync')
  return syncCommand(['--watch', '--conf-dir', confDir, '--cache-dir', cacheDir], world)
}

/** The primary plugin writes its conflist when it starts, which may be after us. */
async function waitForNetwork(
  { confDir, network }: { readonly confDir: string; readonly network: string | undefined },
  seconds: number,
): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!findTarget(confDir, network) && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_MS, end - performance.now())))
  }
}

function readPlugin(file: string | undefined): JsonObject | undefined {
  if (file === undefined) return undefined
  try {
    const plugin: unknown = JSON.parse(readSmallFile(file))
    if (!isObject(plugin)) throw new Error('write a JSON object, as in { "nonMasqueradeCIDRs": [...] }')
    const { type: _, ...keys } = plugin
    parseConfig(keys)
    const ofTheList = ['cniVersion', 'cniVersions', 'name', 'plugins'].find((key) => key in keys)
    if (ofTheList) throw new Error(`${ofTheList} belongs to the conflist; write the keys of ip-masq alone`)
    return { type: 'ip-masq', ...keys }
  } catch (error) {
    throw new CniError(
      'invalidConfig',
      `Cannot use ${file}: ${error instanceof Error ? error.message : error}`,
    )
  }
}
