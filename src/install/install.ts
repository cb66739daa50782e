import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CniError } from '../cni/error'
import type { JsonObject } from '../cni/json'
import { parseConfig } from '../config/parse'
import { addPlugin, masqueradingIn, ownPluginsIn, switchOffMasquerade } from './edit-conflist'
import { installExecutable } from './executable'
import { isInPlace, type Placement, placeFile, removeFile } from './place-file'
import { honourDropIns, type Runtime } from './runtimes'
import { findTarget, ownDropIns, type Target } from './target'

export type Mode = 'auto' | 'drop-in' | 'patch'

export interface InstallOptions {
  readonly binDir: string
  readonly confDir: string
  readonly network: string | undefined
  readonly mode: Mode
  /** Our part of the conflist; undefined: what is there, or no keys. */
  readonly plugin: JsonObject | undefined
  readonly disablePrimaryMasq: boolean
}

export interface Installer {
  /** The executable that runs now, of which a copy is installed. */
  readonly executable: string
  readonly runtimes: () => Promise<readonly Runtime[]>
}

/** What was done, and what is left to do by hand, a line each. */
export interface InstallReport {
  readonly done: readonly string[]
  readonly advice: readonly string[]
  /** The executable or ip-masq's place in the network was not there; no more than a new config is not that. */
  readonly wasUndone: boolean
}

const DROP_IN = '90-ip-masq.conf'

/**
 * The executable first, and the network only when that is there and runs: no conflist ever names what is not there. Each
 * step is one rename, so that a crash leaves the old state or the new one of each, and all of it may be run again.
 */
export async function install(options: InstallOptions, installer: Installer): Promise<InstallReport> {
  if (options.plugin) parseConfig(options.plugin)
  const placed = await installExecutable(installer.executable, options.binDir)
  for (let attempt = 1; ; attempt++) {
    const target = findTarget(options.confDir, options.network)
    if (!target) throw new CniError('ioFailure', missingNetwork(options))
    try {
      const joined = await joinNetwork(target, options, installer)
      return {
        ...joined,
        done: [...placed, ...joined.done],
        wasUndone: placed.length > 0 || joined.wasUndone,
      }
    } catch (error) {
      // The primary plugin has just written it anew.
      if (!(error instanceof ChangedError) || attempt === 3) throw error
    }
  }
}

function missingNetwork({ confDir, network }: InstallOptions): string {
  const what = network === undefined ? 'no network' : `no network "${network}"`
  return `Cannot install: there is ${what} in ${confDir} yet; the primary plugin writes it; use --wait, or --conf-dir`
}

export class ChangedError extends Error {}

async function joinNetwork(
  target: Target,
  options: InstallOptions,
  installer: Installer,
): Promise<InstallReport> {
  if (!Array.isArray(target.conflist.plugins)) {
    throw new CniError(
      'invalidConfig',
      `Cannot add ip-masq to ${target.path}: it holds one plugin and no list; write a .conflist with "plugins"`,
    )
  }
  const mode = await decideMode(target, options, installer)
  const isThere = ownPluginsIn(target.text) > 0 || ownDropIns(options.confDir, target.name).length > 0
  const wanted = options.disablePrimaryMasq ? switchOffMasquerade(target.text) : target.text
  const text = mode === 'patch' ? withPlugin(target.path, wanted, options.plugin) : wanted
  const done: string[] = []
  if (text !== target.text) {
    await patch(target, text)
    const added = isThere ? 'changed' : 'added ip-masq to'
    done.push(mode === 'patch' ? `${added} ${target.path}` : `switched masquerade off in ${target.path}`)
  }
  if (mode === 'drop-in') done.push(...(await dropIn(target, options)))
  const advice = [...adviceFor(text), ...restartAdvice(done, await installer.runtimes())]
  return { done, advice, wasUndone: !isThere }
}

const BARE: JsonObject = { type: 'ip-masq' }

function withPlugin(path: string, text: string, plugin: JsonObject | undefined): string {
  if (!plugin && ownPluginsIn(text) > 0) return text
  try {
    return addPlugin(text, plugin ?? BARE)
  } catch (error) {
    const said = error instanceof Error ? error.message : error
    throw new CniError('invalidConfig', `Cannot add ip-masq to ${path}: ${said}`)
  }
}

/** A drop-in only where the runtime that runs is known to read it: others ignore it, and pods start unmasqueraded. */
async function decideMode(
  { text, name, path, conflist }: Target,
  { mode, confDir }: InstallOptions,
  { runtimes }: Installer,
): Promise<'drop-in' | 'patch'> {
  const [inline, dropIns] = [ownPluginsIn(text), ownDropIns(confDir, name)]
  if ((mode === 'patch' && dropIns.length > 0) || (mode === 'drop-in' && inline > 0)) {
    const place = inline > 0 ? path : dropIns[0]
    throw new CniError(
      'invalidConfig',
      `Cannot install into network ${name} by ${mode}: ip-masq is in ${place} already; leave --mode out, or run ip-masq uninstall first`,
    )
  }
  if (mode === 'drop-in' && conflist.loadOnlyInlinedPlugins === true) {
    throw new CniError(
      'invalidConfig',
      `Cannot install into network ${name} by drop-in: ${path} says loadOnlyInlinedPlugins; use --mode patch`,
    )
  }
  if (mode !== 'auto') return mode
  if (inline > 0 || conflist.loadOnlyInlinedPlugins === true) return 'patch'
  return dropIns.length > 0 || honourDropIns(await runtimes()) ? 'drop-in' : 'patch'
}

export function backupOf(path: string): string {
  return `${path}.ip-masq-backup`
}

/** What was there before stays beside it, under a name that no runtime reads. */
async function patch({ path, text }: Target, edited: string): Promise<void> {
  const mode = statSync(path).mode & 0o777
  const backup = backupOf(path)
  if (ownPluginsIn(text) === 0 || !existsSync(backup)) await placeFile(backup, { content: { text }, mode })
  await placeFile(path, {
    content: { text: edited },
    mode,
    async check() {
      if (readFileSync(path, 'utf8') !== text) throw new ChangedError()
    },
  })
}

async function dropIn({ name }: Target, { confDir, plugin }: InstallOptions): Promise<string[]> {
  const directory = join(confDir, name)
  if (!existsSync(directory)) {
    mkdirSync(directory)
    chmodSync(directory, 0o755)
  }
  const [known] = ownDropIns(confDir, name)
  if (known && !plugin) return []
  const path = known ?? join(directory, DROP_IN)
  const placement: Placement = {
    content: { text: `${JSON.stringify(plugin ?? BARE, null, 2)}\n` },
    mode: 0o644,
  }
  if (isInPlace(path, placement)) return []
  await placeFile(path, placement)
  nudge(confDir)
  return [`added ip-masq to network ${name} by ${path}`]
}

/** containerd reads its conf dir again when a file directly in it is written or removed, not for one in a sub-folder. */
export function nudge(confDir: string): void {
  const path = join(confDir, '.ip-masq-reload')
  writeFileSync(path, 'x')
  removeFile(path)
}

/** containerd and CRI-O see a rename in their directory; of what we cannot see running we cannot say so. */
function restartAdvice(done: readonly string[], runtimes: readonly Runtime[]): string[] {
  if (done.length === 0 || runtimes.length > 0) return []
  return ['no containerd or CRI-O is seen running here; where new pods start without a rule, restart it']
}

function adviceFor(text: string): string[] {
  const hasFlannel = /"type"\s*:\s*"flannel"/.test(text)
  return [
    ...masqueradingIn(text).map(
      ({ at, type, path }) =>
        `${type} masquerades too (plugins[${at}].${path.join('.')}), and knows no exemptions: use --disable-primary-masq`,
    ),
    ...(hasFlannel
      ? [
          'start flanneld with --ip-masq=false; what it left behind goes with a restart of the node, or by hand: iptables -t nat -S FLANNEL-POSTRTG',
        ]
      : []),
  ]
}
