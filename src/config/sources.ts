import { expandGlob } from '#system/globs'
import { quote } from '../cni/error'
import type { JsonObject } from '../cni/json'
import { LARGEST_CONFIG_FILE, readSmallFile, withoutMark } from '../cni/small-file'
import { MalformedError } from '../policy/address-text'
import type { Prefix } from '../policy/prefix'
import { isAbsent, isDirectory } from '../system/absent'
import { isMissing } from '../system/errors'
import { inPlainWords } from '../system/plain-words'
import type { AgentFile } from './agent-file'
import { type Refuse, raise } from './fault'
import { FLANNEL_SUBNET_FILE, parseFlannelSubnets } from './flannel'
import type { Config } from './keys'
import type { Path } from './path'

/** The contents of the files that a config names. */
export interface Sources {
  readonly files: readonly (AgentFile & { readonly path: string })[]
  readonly clusterCIDRs: readonly Prefix[]
  readonly warnings: readonly string[]
}

interface Reading {
  readonly refuse?: Refuse
  /**
   * The directory in which the paths of a config begin: the / of a node, or a directory that has files as a node has
   * them.
   */
  readonly root?: string
}

/**
 * Reads the files that a config names, in its order; the files of one glob are sorted by name. A refused file is left
 * out. Faults are of the kind invalidConfig.
 */
export async function readSources(
  config: Config,
  { refuse = raise, root = '' }: Reading = {},
): Promise<Sources> {
  const flannel = readFlannel(config, { refuse, root })
  const files: Sources['files'][number][] = []
  for (const [i, entry] of config.configFiles.entries()) {
    const at = ['configFiles', i]
    for (const found of await expandOrRefuse(`${root}${entry}`, refuseEntry(at, entry, refuse))) {
      const path = found.slice(root.length)
      if (files.some((file) => file.path === path)) continue
      const place = `configFiles[${i}] ${quote(path)}`
      const text = readFile(found, { place, path: at, refuse })
      if (text === undefined) continue
      // This loads the schema too. A config that names only flannel's file does not need it.
      const { parseAgentFile } = await import('./agent-file')
      const file = await parseAgentFile(text, place, (fault) => refuse({ ...fault, file: path }))
      files.push({ ...file, path })
    }
  }
  const ignored = files.flatMap(({ path, ignored: keys }) =>
    keys.map((key) => `${key} of ${path} is ignored: ${MEANS_NOTHING[key]}`),
  )
  return { files, clusterCIDRs: flannel.clusterCIDRs, warnings: [...flannel.warnings, ...ignored] }
}

/** The paths and globs in a config, whether or not the rest of it is right: a watch has to look at them. */
export function filesNamedIn({ configFiles, flannelSubnetFile }: JsonObject): string[] {
  const flannel = flannelSubnetFile === true ? FLANNEL_SUBNET_FILE : flannelSubnetFile
  const entries: unknown[] = [...(Array.isArray(configFiles) ? configFiles : []), flannel]
  return entries.filter((entry) => typeof entry === 'string').filter((entry) => entry.startsWith('/'))
}

export const MEANS_NOTHING: Readonly<Record<string, string>> = {
  resyncInterval: 'each ADD and each ip-masq sync reads the file',
  cidrLimit: 'the number of CIDRs has no limit',
}

/**
 * The files that an entry means. An entry with glob characters that exists literally is a name. An entry that cannot be
 * looked at is a name too, because a search there would find nothing and report nothing.
 */
export async function expand(entry: string): Promise<string[]> {
  if (!GLOB.test(entry) || !isAbsent(entry)) return [entry]
  return (await expandGlob(entry)).sort()
}

/** `*`, `?`, `[a-z]`, `{a,b}`. A parenthesis alone is more often part of a name. */
const GLOB = /[*?]|\[.+\]|\{.*(?:,|\.\.).*\}/

async function expandOrRefuse(entry: string, refuse: (details: string) => void): Promise<string[]> {
  try {
    return await expand(entry)
  } catch (error) {
    refuse(String(error))
    return []
  }
}

function refuseEntry(path: Path, entry: string, refuse: Refuse) {
  const message = `Cannot use configFiles[${String(path.at(-1))}] ${quote(entry)}: the glob cannot be expanded`
  return (details: string) => refuse({ reason: 'invalidConfig', path, message, details })
}

function readFlannel(
  { flannelSubnetFile: setting, pinExemptions }: Config,
  { refuse, root }: Required<Reading>,
) {
  const none = { clusterCIDRs: [], warnings: [] }
  if (setting === false) return none
  const path = setting === true ? FLANNEL_SUBNET_FILE : setting
  const place = `flannelSubnetFile ${quote(path)}`
  const text = readFile(`${root}${path}`, { place, path: ['flannelSubnetFile'], refuse })
  if (text === undefined) return none
  try {
    const { clusterCIDRs, doesMasquerade } = parseFlannelSubnets(text)
    const warning = `${path} has FLANNEL_IPMASQ=true: flanneld masquerades too, and ignores exemptions; start it with --ip-masq=false, or write "pinExemptions": true`
    return { clusterCIDRs, warnings: doesMasquerade && !pinExemptions ? [warning] : [] }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    const message = `Cannot use ${place}: ${error.message}`
    refuse({ reason: 'invalidConfig', path: ['flannelSubnetFile'], message })
    return none
  }
}

interface Named {
  readonly place: string
  /** The place where the config names the file. */
  readonly path: Path
  readonly refuse: Refuse
}

function readFile(file: string, { place, path, refuse }: Named): string | undefined {
  try {
    return withoutMark(readSmallFile(file, LARGEST_CONFIG_FILE))
  } catch (error) {
    const message = `Cannot use ${place}: ${adviceFor(error, file)}`
    refuse({ reason: 'invalidConfig', path, message, details: String(error) })
    return undefined
  }
}

function adviceFor(error: unknown, path: string): string {
  if (isMissing(error)) return 'there is no such file'
  if (isDirectory(path)) {
    return `it is a directory; write "${path.replace(/\/+$/, '')}/*" for the files in it`
  }
  return inPlainWords(error)
}
