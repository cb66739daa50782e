import { statusIfThere, statusOfEntry } from '#system/files'
import { CniError } from '../cni/error'
import type { Masquerading } from '../primary/masquerade-switch'
import { isMissing } from '../system/errors'
import { inPlainWords } from '../system/plain-words'
import {
  configFiles,
  dropInFiles,
  networksWithDropIns,
  openConfig,
  ownDropIns,
  readConfig,
} from './conf-directory'
import { inDirectory } from './directory'
import { removeDropIn } from './drop-in'
import { isConflist, ownPluginsIn, removePlugin } from './edit-conflist'
import { isNamedInConfig } from './nested-plugins'
import { backupOf, editConflist, readBackup, replaceLostBackup } from './patch'
import { removeFile } from './place-file'
import { readByteText } from './read-file'
import { EXECUTABLE, RECORD } from './record'
import { perhapsSwitchedOff, restoreMasquerade, type SwitchedOff, switchedOff } from './restore-masquerade'

export interface Left {
  /** The things that were done, one line each. */
  readonly done: readonly string[]
  /** The effects of a masquerade that stays off, one line each, whenever uninstall runs. */
  readonly consequences: readonly string[]
}

interface LeaveOptions {
  readonly confDir: string
  /** Switches on again what `install --disable-primary-masq` switched off, and nothing else. */
  readonly restorePrimaryMasq: boolean
}

/** Removes ip-masq from every conflist and drop-in of the directory. */
export function leaveNetworks(options: LeaveOptions): Left {
  const done: string[] = []
  const consequences: string[] = []
  // Two links may lead to one file: the second one finds nothing to do.
  for (const file of configFiles(options.confDir)) {
    const left = leaveConflist(file, options)
    done.push(...left.done)
    consequences.push(...left.consequences)
  }
  for (const network of networksWithDropIns(options.confDir)) {
    for (const path of ownDropIns(options.confDir, network)) {
      removeDropIn(options.confDir, network, path)
      done.push(`removed ${path}`)
    }
  }
  return { done, consequences: [...new Set(consequences)] }
}

function leaveConflist(file: string, { confDir, restorePrimaryMasq }: LeaveOptions): Left {
  const found = readConflist(file)
  if (!found) return { done: [], consequences: [] }
  const { path, text, name, backup } = found
  const before = backup !== undefined && isConflist(backup) ? backup : undefined
  const isIn = ownPluginsIn(text) > 0
  const off = before === undefined ? [] : switchedOff(before, removePlugin(text))
  // A network that ip-masq was never in needs no report.
  const wasIn = isIn || backup !== undefined || ownDropIns(confDir, name).length > 0
  const unknown = wasIn ? perhapsSwitchedOff(before, removePlugin(text)) : []
  if (unknown.length > 0 && backup === undefined) replaceLostBackup(file, text)
  const isDue = restorePrimaryMasq && off.some(({ isRestorable }) => isRestorable)
  const done: string[] = []
  if (isIn || isDue) {
    const restore = (now: string) =>
      before === undefined ? removePlugin(now) : restoreMasquerade(before, now)
    const { said } = editConflist(file, isDue ? restore : removePlugin)
    if (isIn) done.push(`removed ip-masq from ${path}`)
    if (isDue) done.push(`switched masquerade on again in ${path}`)
    done.push(...said)
  }
  const staysOff = off.filter(({ isRestorable }) => !(isDue && isRestorable))
  return {
    done,
    consequences: [
      ...staysOff.map((one) => consequenceOf(path, one)),
      ...unknown.map((one) => doubtAbout(path, one)),
    ],
  }
}

function consequenceOf(path: string, off: SwitchedOff): string {
  const key = keyOf(off)
  const remedy = off.isRestorable
    ? 'run ip-masq uninstall --restore-primary-masq to switch it on again'
    : `the plugin was changed after that, so set ${key} yourself; ${backupOf(path)} has the original`
  return `new pods of ${path} leave the node with their own address, because install switched ${off.type}'s masquerade off (${key}): ${remedy}`
}

/** Reports a masquerade that install may have switched off. We do not guess: it may have been off before install too. */
function doubtAbout(path: string, off: Masquerading): string {
  const [key, backup] = [keyOf(off), backupOf(path)]
  return `new pods of ${path} leave the node with their own address, because ${off.type} does not masquerade (${key} is false), and without a usable ${backup} ip-masq cannot tell whether install switched it off: set ${key} to true to masquerade them, or remove ${backup} to keep it off`
}

function keyOf({ at, path }: Masquerading): string {
  return `plugins[${at}].${path.join('.')}`
}

interface FoundConflist {
  readonly path: string
  readonly text: string
  readonly name: string
  readonly backup: string | undefined
}

/** Undefined for a file that no runtime loads, and for one that we cannot edit; see `filesThatName`. */
function readConflist(file: string): FoundConflist | undefined {
  try {
    return openConfig(file, (open, place) => {
      const text = readByteText(open)
      if (!isConflist(text)) return undefined
      const path = `${place.directory.path}/${place.name}`
      return { path, text, name: String(JSON.parse(text).name), backup: readBackup(place) }
    })
  } catch {
    return undefined
  }
}

/**
 * Files that name ip-masq. Drop-ins are included, and files that have it as their only plugin, or that are no JSON at the
 * moment.
 */
export function filesThatName(confDir: string, { force }: { readonly force: boolean }): string[] {
  const networks = networksWithDropIns(confDir)
  const dropIns = networks.flatMap((network) => dropInFiles(confDir, network))
  return [...configFiles(confDir), ...dropIns].filter((path) => {
    try {
      return isNamedIn(readConfig(path))
    } catch (error) {
      // A runtime may read files that we do not read: a file that is too large for us, or behind another user's link.
      if (force || statusIfThere(path)?.kind !== 'file') return false
      const why = inPlainWords(error)
      throw new CniError(
        'ioFailure',
        `Cannot tell whether ${path} names ip-masq: ${why}; repair or remove the file, or use --force`,
      )
    }
  })
}

function isNamedIn(text: string): boolean {
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch {
    return /"type"\s*:\s*"ip-masq"/.test(text)
  }
  return isNamedInConfig(config)
}

/** Removes the executable, and returns whether there was one. Its digest is removed first, so that it is never left alone. */
export function removeExecutable(binDir: string): boolean {
  try {
    return inDirectory(binDir, (directory) => {
      if (statusOfEntry(directory.at(RECORD))) removeFile({ directory, name: RECORD })
      if (!statusOfEntry(directory.at(EXECUTABLE))) return false
      removeFile({ directory, name: EXECUTABLE })
      return true
    })
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}
