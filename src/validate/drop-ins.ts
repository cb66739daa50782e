import { namesIn } from '#system/files'
import { dropInDirectory, dropIns as dropInNames } from '../cni/conf-dir'
import { quote } from '../cni/error'
import { isDirectory } from '../system/absent'
import type { Entry } from '../system/files'
import { join } from '../system/paths'
import { type CniText, readCni, reportRepeatedKeys } from './cni-text'
import { find, type Read, type Report } from './judgement'
import { judgeOwnConfig } from './own-config'
import { isOurs, type PlacedPlugin } from './plugins'

/** Plugins in files of their own, in a directory with the name of the network (libcni 1.3). */
export type DropIns = readonly PlacedPlugin[]

interface Where {
  readonly directory: string
  readonly read: Read
}

/** Returns the drop-ins that a runtime appends to a list, if it reads drop-ins. */
export function dropInsOf(report: Report, { text, value }: CniText, { directory, read }: Where): DropIns {
  const found = dropInsIn(report, dropInDirectory(directory, String(value.name)), read)
  const isOff = value.loadOnlyInlinedPlugins === true || value.loadOnlyInlinedPlugins === 'true'
  const types = [...(Array.isArray(value.plugins) ? value.plugins : []), ...found.map(({ plugin }) => plugin)]
  const result = types.map((plugin) => String(Object(plugin).type)).join(', ')
  for (const { part } of found.filter(isOurs)) {
    if (isOff) {
      const message = `Cannot load this: ${text.file} says loadOnlyInlinedPlugins; write ip-masq into its list`
      find(report, part, { severity: 'error', rule: 'drop-in', message })
    } else {
      const message = `with it the network ${quote(value.name)} has ${result}; containerd reads it from 2.1 on, and CRI-O calls it on ADD only`
      find(report, part, { severity: 'note', rule: 'drop-in', message })
    }
  }
  return isOff ? [] : found
}

function dropInsIn(report: Report, directory: string | undefined, read: Read): PlacedPlugin[] {
  if (directory === undefined || !isDirectory(directory)) return []
  return dropInNames(namesIn(directory)).flatMap((name) => {
    const text = read(join(directory, name))
    const cni = text && readCni(report, text)
    if (!cni) return []
    const { value } = cni
    const part = { text, path: [] }
    if (typeof value.type !== 'string' || value.type === '') {
      const message = 'Cannot load this: it has no "type"; a drop-in is the config of one plugin'
      find(report, part, { severity: 'error', rule: 'shape', message })
      return []
    }
    if (value.type === 'ip-masq') reportRepeatedKeys(report, text)
    return [{ plugin: value, part }]
  })
}

interface All extends Where {
  readonly entries: readonly Entry[]
  /** The networks that a file defines. */
  readonly networks: ReadonlyMap<string, string>
}

/** Judges drop-ins of ours for a network that no file defines. */
export async function judgeStrayDropIns(
  report: Report,
  { directory, entries, networks, read }: All,
): Promise<void> {
  for (const { name, kind } of entries) {
    if (kind !== 'directory' && kind !== 'link') continue
    if (networks.has(name)) continue
    const quiet = { ...report, findings: [] }
    const own = dropInsIn(quiet, dropInDirectory(directory, name), read).filter(isOurs)
    for (const { plugin, part } of own) {
      const message = `no file of ${directory} defines the network ${quote(name)}, so no runtime reads this`
      find(report, part, { severity: 'warning', rule: 'drop-in', message })
      await judgeOwnConfig(report, part, { config: plugin, ips: [] })
    }
  }
}
