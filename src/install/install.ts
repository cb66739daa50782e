import { findOwnPlugin, pluginsOf } from '../cni/conflists'
import { CniError, toCniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import type { Version } from '../cni/version'
import { parseConfig } from '../config/parse'
import { ownDropIns } from './conf-directory'
import { placeDropIn } from './drop-in'
import {
  addPlugin,
  BARE,
  masqueradingIn,
  ownPluginsIn,
  setVersion,
  switchOffMasquerade,
} from './edit-conflist'
import { installExecutable } from './executable'
import { requireFit } from './judge'
import { decideMode, type Mode } from './mode'
import { ChangedError, replaceConflist } from './patch'
import { fromByteText } from './read-file'
import type { Runtime } from './runtimes'
import { findTarget, type Target } from './target'

export interface InstallOptions {
  readonly binDir: string
  readonly confDir: string
  readonly network: string | undefined
  readonly mode: Mode
  /** Our part of the conflist. Undefined: the part that is there, or no keys. */
  readonly plugin: JsonObject | undefined
  readonly disablePrimaryMasq: boolean
  /** The version to write into the conflist; undefined: leave it as it is. */
  readonly cniVersion: Version | undefined
  /** Install even where the primary plugin masquerades on its own account. */
  readonly force: boolean
}

export interface Installer {
  /** The running executable, which is copied. */
  readonly executable: string
  readonly runtimes: () => Promise<readonly Runtime[]>
  /** The command that makes the runtime read its conf directory again. */
  readonly restart: string
}

/** The things that were done, and those that an operator still has to do, one line each. */
export interface InstallReport {
  readonly done: readonly string[]
  readonly advice: readonly string[]
  /** Types of primary plugins whose masquerade was switched off. Running pods keep the rules of these plugins. */
  readonly switchedOff: readonly string[]
  /** The executable or ip-masq's place in the network was missing. A new config alone does not count. */
  readonly wasUndone: boolean
}

/**
 * Installs the executable first, and joins the network only when the executable is there and runs, so that no conflist
 * ever names a missing file. Each step is one rename: a crash leaves the old state or the new one of each, and everything
 * may be run again.
 */
export async function install(options: InstallOptions, installer: Installer): Promise<InstallReport> {
  if (options.plugin) parseConfig(options.plugin)
  const placed = installExecutable(installer.executable, options.binDir)
  for (let attempt = 1; ; attempt++) {
    const target = findTarget(options.confDir, options.network)
    if (!target) throw new CniError('ioFailure', missingNetwork(options))
    try {
      const joined = await joinNetwork(target, options, installer)
      return {
        ...joined,
        done: [...placed.done, ...joined.done],
        advice: [...placed.advice, ...joined.advice],
        switchedOff: joined.switchedOff,
        wasUndone: placed.done.length > 0 || joined.wasUndone,
      }
    } catch (error) {
      if (!(error instanceof ChangedError) || attempt === 3) throw error
    }
  }
}

function missingNetwork({ confDir, network }: InstallOptions): string {
  const what = network === undefined ? 'no network' : `no network "${network}"`
  return `Cannot install: there is ${what} in ${confDir} yet; the primary plugin creates it; use --wait to wait for it, or name another directory with --conf-dir`
}

async function joinNetwork(
  target: Target,
  options: InstallOptions,
  installer: Installer,
): Promise<InstallReport> {
  requireFit(target, options)
  const runtimes = await installer.runtimes()
  const dropIns = ownDropIns(options.confDir, target.name)
  const mode = decideMode(target, { mode: options.mode, dropIns, runtimes })
  const isThere = ownPluginsIn(target.text) > 0 || dropIns.length > 0
  const edited = editedText(target, mode, options)
  const done: string[] = []
  const unsure: string[] = []
  if (edited !== target.text) {
    unsure.push(...replaceConflist({ ...target, edited, keepBackup: true }))
    const added = isThere ? 'changed' : 'added ip-masq to'
    done.push(mode === 'patch' ? `${added} ${target.path}` : `switched masquerade off in ${target.path}`)
  }
  if (mode === 'drop-in') done.push(...placeDropIn(target, options))
  return {
    done,
    advice: [
      ...unsure,
      ...faultAdvice(target, edited),
      ...adviceFor(edited),
      ...restartAdvice(done, runtimes, installer),
    ],
    switchedOff: masqueradingIn(target.text).flatMap(({ at, type }) =>
      masqueradingIn(edited).some((one) => one.at === at) ? [] : [type],
    ),
    wasUndone: !isThere,
  }
}

function editedText(
  { path, text }: Target,
  mode: 'drop-in' | 'patch',
  { disablePrimaryMasq, plugin, cniVersion }: InstallOptions,
): string {
  try {
    const versioned = cniVersion === undefined ? text : setVersion(text, cniVersion)
    const switched = disablePrimaryMasq ? switchOffMasquerade(versioned) : versioned
    const isDone = mode === 'drop-in' || (!plugin && ownPluginsIn(switched) > 0)
    return isDone ? switched : addPlugin(switched, plugin ?? BARE)
  } catch (error) {
    const said = error instanceof Error ? error.message : error
    throw new CniError('invalidConfig', `Cannot add ip-masq to ${path}: ${said}`)
  }
}

/**
 * Advice on the restart. A runtime that answers notices a rename in its directory by itself; about a runtime that we do
 * not see, we cannot know.
 */
function restartAdvice(
  done: readonly string[],
  runtimes: readonly Runtime[],
  { restart }: Installer,
): string[] {
  if (done.length === 0 || runtimes.length > 0) return []
  return [`no container runtime answers here; if new pods get no rule, restart the runtime (${restart})`]
}

/** The fault in our part of the conflist with which every ADD fails. Somebody wrote it, and install does not change it. */
function faultAdvice({ path, name }: Target, byteText: string): string[] {
  const conflist: unknown = JSON.parse(fromByteText(byteText))
  const plugin = isObject(conflist) ? findOwnPlugin(pluginsOf(conflist)) : undefined
  try {
    if (plugin) parseConfig(plugin)
    return []
  } catch (error) {
    return [`every ADD of network ${name} fails: ${toCniError(error).message}; correct it in ${path}`]
  }
}

function adviceFor(text: string): string[] {
  const hasFlannel = /"type"\s*:\s*"flannel"/.test(text)
  return [
    ...masqueradingIn(text).map(
      ({ at, type, path }) =>
        `${type} masquerades too (plugins[${at}].${path.join('.')}), and ignores exemptions: use --disable-primary-masq`,
    ),
    ...(hasFlannel
      ? [
          'start flanneld with --ip-masq=false; its old rules may stay until the node restarts, or until you remove them (docs/neighbours/flannel.md says how)',
        ]
      : []),
  ]
}
