import type { BackendSetting, CarrierSetting } from '../backend/backend'
import { findOwnPlugin, type Network, type Networks, readNetworks } from '../cni/conflists'
import { toCniError } from '../cni/error'
import type { JsonObject } from '../cni/json'
import { backendSetting } from '../config/backend-setting'
import { readSettings } from '../config/settings'
import { warningsOf } from '../config/warnings'
import { configFiles, ownDropIns, skippedDirectories } from '../install/conf-directory'
import { findTarget, type Target } from '../install/target'
import { error, type Finding, note, ok, unseen, warning } from './finding'

/** The conflists, and the file that the runtime takes. */

export interface OwnNetwork {
  readonly network: Network
  /** The place of ip-masq among the plugins. */
  readonly at: number
  /** Absent if an earlier file hides the conflist, or if it cannot be read. */
  readonly conflist?: JsonObject
  /** The way in which its rules are written. */
  readonly setting?: { readonly backend: BackendSetting; readonly carrier: CarrierSetting }
  /** The reason why our part of it cannot be used. */
  readonly fault?: string
  readonly warnings: readonly string[]
  readonly dropIns: readonly string[]
}

export interface Conflists {
  readonly confDir: string
  readonly read: Networks
  readonly files: readonly string[]
  /** Directories that are named like a conflist. */
  readonly skipped: readonly string[]
  /** The network that the runtime takes, or why it takes none. Absent if there are no files. */
  readonly first?: Target | { readonly fault: string }
  readonly own: readonly OwnNetwork[]
}

export async function readConflists(confDir: string): Promise<Conflists> {
  const read = readNetworks(confDir)
  const own: OwnNetwork[] = []
  for (const network of read.networks.values()) {
    const plugin = findOwnPlugin(network.plugins)
    if (plugin) own.push(await readOwn(confDir, network, plugin))
  }
  const first = tryTo(() => findTarget(confDir, undefined, 'repair or remove it'))
  const [files, skipped] = [configFiles(confDir), skippedDirectories(confDir)]
  return { confDir, read, files, skipped, own, ...(first && { first }) }
}

async function readOwn(confDir: string, network: Network, plugin: JsonObject): Promise<OwnNetwork> {
  const target = tryTo(() => findTarget(confDir, network.name))
  const common = {
    network,
    at: network.plugins.indexOf(plugin),
    ...(target && 'conflist' in target && { conflist: target.conflist }),
    dropIns: ownDropIns(confDir, network.name),
  }
  try {
    const settings = await readSettings(plugin)
    const setting = { backend: backendSetting(settings.config), carrier: settings.config.carrier }
    return { ...common, setting, warnings: warningsOf(settings) }
  } catch (error) {
    return { ...common, fault: toCniError(error).message, warnings: [] }
  }
}

function tryTo<T>(work: () => T): T | { readonly fault: string } {
  try {
    return work()
  } catch (error) {
    return { fault: toCniError(error).message }
  }
}

export function checkConflists(conflists: Conflists): readonly Finding[] {
  const notes = conflists.skipped.map((path) =>
    note(check, `${path} is a directory, and runtimes read files only: they skip it`, {
      mend: `if it was meant to be a conflist, write it as a file of ${conflists.confDir}; otherwise nothing needs to be done`,
    }),
  )
  return [...checkFiles(conflists), ...notes]
}

const check = 'conflists'

function checkFiles(conflists: Conflists): readonly Finding[] {
  const { confDir, read, first } = conflists
  const elsewhere = 'name the right directory with --conf-dir or --profile'
  if (!read.exists)
    return [
      unseen(check, { what: `Cannot look at conflists: there is no directory ${confDir}`, mend: elsewhere }),
    ]
  if (first === undefined)
    return [
      warning(check, {
        what: `there is no conflist in ${confDir}`,
        why: 'the node has no network, and starts no pods',
        mend: `look at the primary plugin (flannel, bridge), which writes it; or ${elsewhere}`,
      }),
    ]
  const mend = `ip-masq validate ${confDir}`
  if ('fault' in first)
    return [
      error(check, {
        what: first.fault,
        why: 'containerd loads no network at all then: no pod starts',
        mend,
      }),
    ]
  const why = 'no network of this file can be used'
  return [checkFirst(first, conflists), ...read.problems.map((what) => warning(check, { what, why, mend }))]
}

function checkFirst({ name, file }: Target, { files, own, confDir }: Conflists): Finding {
  if (own.some(({ network }) => network.name === name))
    return ok(check, `the runtime takes ${file} first (network ${name}), and that has ip-masq`)
  const [other] = own
  if (!other)
    return warning(check, {
      what: `no file in ${confDir} has ip-masq (${files.length} ${files.length === 1 ? 'file' : 'files'})`,
      why: 'no pod of these networks gets rules',
      mend: 'ip-masq install, or write it into the list after the plugin that gives the pod its address',
    })
  return warning(check, {
    what: `the runtime takes ${file} first (network ${name}), and ip-masq is in ${confDir}/${other.network.file} (network ${other.network.name}) only`,
    why: 'pods of the first network, which in Kubernetes is the network of all pods, get no rules',
    mend: `ip-masq install --network ${name}, or remove or rename ${file}`,
  })
}
