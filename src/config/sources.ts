import { expandGlob } from '#system/globs'
import { CniError, quote } from '../cni/error'
import type { JsonObject } from '../cni/json'
import { LARGEST_CONFIG_FILE, readSmallFile, withoutMark } from '../cni/small-file'
import { MalformedError } from '../policy/address'
import type { Prefix } from '../policy/prefix'
import { isAbsent, isDirectory } from '../system/absent'
import { isMissing } from '../system/errors'
import type { AgentFile } from './agent-file'
import { FLANNEL_SUBNET_FILE, parseFlannelSubnets } from './flannel'
import type { Config } from './keys'

/** What the files say that a config names. */
export interface Sources {
  readonly files: readonly (AgentFile & { readonly path: string })[]
  readonly clusterCIDRs: readonly Prefix[]
  readonly warnings: readonly string[]
}

/** Reads the files that a config names, in its order, those of one glob by name. Throws invalidConfig. */
export async function readSources(config: Config): Promise<Sources> {
  const flannel = readFlannel(config)
  const files: Sources['files'][number][] = []
  for (const [i, entry] of config.configFiles.entries()) {
    for (const path of await expandOrRefuse(entry, `configFiles[${i}] ${quote(entry)}`)) {
      if (files.some((file) => file.path === path)) continue
      const place = `configFiles[${i}] ${quote(path)}`
      // With it comes the schema: a config that names flannel's file only does without.
      const { parseAgentFile } = await import('./agent-file')
      files.push({ ...(await parseAgentFile(readFile(path, place), place)), path })
    }
  }
  const ignored = files.flatMap(({ path, ignored: keys }) =>
    keys.map((key) => `${key} of ${path} means nothing here: ${MEANS_NOTHING[key]}`),
  )
  return { files, clusterCIDRs: flannel.clusterCIDRs, warnings: [...flannel.warnings, ...ignored] }
}

/** The paths and globs in a config, whether or not anything else in it is right: what a watch has to look at. */
export function filesNamedIn({ configFiles, flannelSubnetFile }: JsonObject): string[] {
  const flannel = flannelSubnetFile === true ? FLANNEL_SUBNET_FILE : flannelSubnetFile
  const entries: unknown[] = [...(Array.isArray(configFiles) ? configFiles : []), flannel]
  return entries.filter((entry) => typeof entry === 'string').filter((entry) => entry.startsWith('/'))
}

const MEANS_NOTHING: Readonly<Record<string, string>> = {
  resyncInterval: 'each ADD reads the file, and ip-masq sync for the pods that run',
  cidrLimit: 'there is no limit',
}

/**
 * The files that an entry stands for. A name with glob characters that exists as it is written is a name; so is one that
 * cannot be looked at, because a search there would find nothing and say nothing.
 */
export async function expand(entry: string): Promise<string[]> {
  if (!GLOB.test(entry) || !isAbsent(entry)) return [entry]
  return (await expandGlob(entry)).sort()
}

/** `*`, `?`, `[a-z]`, `{a,b}`. A parenthesis alone is more often a part of a name. */
const GLOB = /[*?]|\[.+\]|\{.*(?:,|\.\.).*\}/

async function expandOrRefuse(entry: string, place: string): Promise<string[]> {
  try {
    return await expand(entry)
  } catch (error) {
    throw new CniError('invalidConfig', `Cannot use ${place}: it is no glob that can be read`, String(error))
  }
}

function readFlannel({ flannelSubnetFile: setting, pinExemptions }: Config) {
  if (setting === false) return { clusterCIDRs: [], warnings: [] }
  const path = setting === true ? FLANNEL_SUBNET_FILE : setting
  const place = `flannelSubnetFile ${quote(path)}`
  const text = readFile(path, place)
  try {
    const { clusterCIDRs, doesMasquerade } = parseFlannelSubnets(text)
    const warning = `${path} says FLANNEL_IPMASQ=true: flanneld masquerades too, and knows no exemptions; start it with --ip-masq=false, or write "pinExemptions": true`
    return { clusterCIDRs, warnings: doesMasquerade && !pinExemptions ? [warning] : [] }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    throw new CniError('invalidConfig', `Cannot use ${place}: ${error.message}`)
  }
}

function readFile(path: string, place: string): string {
  try {
    return withoutMark(readSmallFile(path, LARGEST_CONFIG_FILE))
  } catch (error) {
    throw new CniError('invalidConfig', `Cannot use ${place}: ${adviceFor(error, path)}`, String(error))
  }
}

function adviceFor(error: unknown, path: string): string {
  if (isMissing(error)) return 'there is no such file'
  if (isDirectory(path)) {
    return `write "${path.replace(/\/+$/, '')}/*" for the files in it`
  }
  return error instanceof Error ? error.message : String(error)
}
