import { CniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { readSmallFile } from '../cni/small-file'
import { install } from '../install/install'
import { runningRuntimes } from '../install/runtimes'
import { findTarget } from '../install/target'
import { parseInstallOptions } from './install-options'
import type { World } from './world'

const LOOK_MS = 1_000

/** `ip-masq install`: the executable in its place, and ip-masq in the network. */
export async function installCommand(args: readonly string[], world: World): Promise<number> {
  const options = parseInstallOptions('install', args, [
    ...(['profile', 'bin-dir', 'conf-dir', 'network', 'mode', 'config'] as const),
    ...(['disable-primary-masq', 'wait'] as const),
  ])
  const plugin = options.configFile === undefined ? { type: 'ip-masq' } : readPlugin(options.configFile)
  if (options.waitSeconds !== undefined) await waitForNetwork(options, options.waitSeconds)
  const { done, advice } = await install(
    { ...options, plugin },
    { executable: world.executable(), runtimes: runningRuntimes },
  )
  const lines = [
    ...(done.length > 0 ? done : ['nothing to do']),
    ...advice.map((line) => `left to do: ${line}`),
  ]
  await world.write(lines.map((line) => `${line}\n`).join(''))
  return 0
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

function readPlugin(file: string): JsonObject {
  try {
    const plugin: unknown = JSON.parse(readSmallFile(file))
    if (!isObject(plugin)) throw new Error('write a JSON object, as in { "nonMasqueradeCIDRs": [...] }')
    const { type: _, ...keys } = plugin
    return { type: 'ip-masq', ...keys }
  } catch (error) {
    throw new CniError(
      'invalidConfig',
      `Cannot use ${file}: ${error instanceof Error ? error.message : error}`,
    )
  }
}
