import { now } from '#system/clock'
import { openToRead } from '#system/files'
import { executable } from '#system/program'
import { CniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { parseJsonText } from '../cni/json-text'
import { printLines } from '../cni/printable'
import { LARGEST_CONFIG_FILE, readSmallFile, withoutMark } from '../cni/small-file'
import { parseConfig } from '../config/parse'
import { install } from '../install/install'
import { withIoFailures } from '../install/io-failure'
import { PROFILES } from '../install/profiles'
import { runningRuntimes } from '../install/runtimes'
import { findTarget } from '../install/target'
import { basename, dirname, join, resolve } from '../system/paths'
import { inPlainWords } from '../system/plain-words'
import { type Health, serveHealth, UNASKED } from './health'
import { enterHostRoot } from './host-root'
import { watchInstall } from './install-watch'
import { jsonWorld } from './json-log'
import { type Pause, pauseUntilStop } from './pause'
import { requireRoot } from './root'
import { ROWS } from './rows'
import type { InstallCommandOptions } from './rows/install'
import { SYNC } from './rows/sync'
import { defaultsOf } from './table/parse'
import { UsageError } from './table/usage-error'
import { watchMetrics } from './watch-metrics'
import type { World } from './world'

const LOOK_MS = 1_000

/** `ip-masq install` puts the executable in its place, and ip-masq into the network. */
export function installCommand(options: InstallCommandOptions, world: World): Promise<number> {
  return withIoFailures(() => run(options, world))
}

async function run(options: InstallCommandOptions, plainWorld: World): Promise<number> {
  const isStaying = options.watch || options.sync
  if (options.docs && isStaying) {
    throw new UsageError('Cannot use --docs with --watch or --sync: run ip-masq install --docs once')
  }
  const world = isStaying && options.logFormat === 'json' ? jsonWorld(plainWorld) : plainWorld
  requireRoot('install')
  const configFile = keepReadable(options)
  if (options.root !== undefined) enterHostRoot(options.root)
  const apply = async ({ isFirst }: { readonly isFirst: boolean }) => {
    const { done, advice, switchedOff, wasUndone } = await install(
      { ...options, plugin: readPlugin(configFile, options.configFile) },
      {
        executable: executable(),
        runtimes: () => runningRuntimes(options.profile),
        restart: PROFILES[options.profile].restart,
      },
    )
    const first = [
      ...(done.length > 0 ? [] : ['nothing to do']),
      ...[...advice, ...(options.sync ? [] : switchedOff.map(takeOverAdvice))].map(
        (line) => `left to do: ${line}`,
      ),
    ]
    await world.write(printLines([...done, ...(isFirst ? first : [])]))
    return { wasUndone }
  }
  const health = healthOf(options, world)
  if (!options.watch) {
    await waitForNetwork(options, pauseUntilStop())
    await apply({ isFirst: true })
    health.turned('install', { nextMs: Number.POSITIVE_INFINITY })
  }
  const loops = [
    ...(options.watch
      ? [
          watchInstall({ ...options, configFile }, { world, health }, (turn) =>
            withIoFailures(() => apply(turn)),
          ),
        ]
      : []),
    ...(options.sync ? [syncLoop(options, plainWorld, health)] : []),
  ]
  const documents = options.docs ? await writeDocuments(world) : 0
  return Math.max(documents, ...(await Promise.all(loops)))
}

async function writeDocuments(world: World): Promise<number> {
  const { placeDocuments } = await import('./documents/place')
  const { done, leftAlone } = placeDocuments(Object.values(ROWS))
  await world.write(printLines([...done, ...leftAlone.map((line) => `left alone: ${line}`)]))
  return leftAlone.length > 0 ? 1 : 0
}

function takeOverAdvice(type: string): string {
  return `run ip-masq sync: until then running pods keep the masquerade rules of ${type}, and so do later pods that get their addresses`
}

/** Keeps a config of the container readable after the container enters the host's root, through its open directory. */
function keepReadable({ root, configFile }: InstallCommandOptions): string | undefined {
  if (root === undefined || configFile === undefined) return configFile
  const path = resolve(configFile)
  try {
    return join(`/proc/self/fd/${openToRead(dirname(path))}`, basename(path))
  } catch (error) {
    throw new CniError('invalidConfig', `Cannot use ${configFile}: ${inPlainWords(error)}`)
  }
}

function healthOf(options: InstallCommandOptions, world: World): Health {
  const { watch, sync, confDir } = options
  // A process that ends needs no health server, because it has an exit status.
  if (!(watch || sync)) return UNASKED
  const loops = ['install', ...(sync ? ['sync'] : [])]
  return serveHealth(options, { loops, metrics: watchMetrics(confDir, world) }, world)
}

async function syncLoop(
  { confDir, cacheDirs, prune, keepPrimaryRules, logFormat }: InstallCommandOptions,
  world: World,
  health: Health,
): Promise<number> {
  const { watchSync } = await import('./sync')
  const options = { ...defaultsOf(SYNC), confDir, cacheDirs, prune, keepPrimaryRules, logFormat }
  return watchSync(options, world, health)
}

/** The primary plugin writes its conflist when it starts, which may be after us. */
async function waitForNetwork(
  { confDir, network, waitSeconds = 0 }: InstallCommandOptions,
  pause: Pause,
): Promise<void> {
  const end = now() + waitSeconds * 1000
  while (now() < end && !pause.isStopped() && !isThere(confDir, network)) {
    await pause.sleep(Math.min(LOOK_MS, end - now()))
  }
}

/** A file that is broken now may still be being written. */
function isThere(confDir: string, network: string | undefined): boolean {
  try {
    return findTarget(confDir, network) !== undefined
  } catch {
    return false
  }
}

/** `name` is the operator's name for the file. */
function readPlugin(file: string | undefined, name: string | undefined): JsonObject | undefined {
  if (file === undefined) return undefined
  try {
    const plugin = parseJsonText(withoutMark(readSmallFile(file, LARGEST_CONFIG_FILE)))
    if (!isObject(plugin)) throw new Error('write a JSON object, as in { "nonMasqueradeCIDRs": [...] }')
    const { type: _, ...keys } = plugin
    parseConfig(keys)
    const ofTheList = ['cniVersion', 'cniVersions', 'name', 'plugins'].find((key) => key in keys)
    if (ofTheList) throw new Error(`${ofTheList} belongs to the conflist; write the keys of ip-masq alone`)
    return { type: 'ip-masq', ...keys }
  } catch (error) {
    const said = inPlainWords(error).replaceAll(file, name ?? file)
    throw new CniError('invalidConfig', `Cannot use ${name}: ${said}`)
  }
}
