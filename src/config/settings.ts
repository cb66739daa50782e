import type { JsonObject } from '../cni/json'
import { isWorthPacking } from '../policy/prefixes'
import type { Settings } from './intent'
import type { Config } from './keys'
import { parsePlain } from './plain'
import type { Sources } from './sources'

/**
 * Reads a config and its files. Nearly every config is plain and names no files: then neither the schema nor the reader
 * is loaded.
 */
export async function readSettings(raw: JsonObject): Promise<Settings> {
  const config = await parseAny(raw)
  const { configFiles, flannelSubnetFile } = config
  const namesFiles = configFiles.length > 0 || flannelSubnetFile !== false
  return { config, sources: namesFiles ? await (await import('./sources')).readSources(config) : NO_SOURCES }
}

/** Reads a config without its files. */
export async function parseAny(raw: JsonObject): Promise<Config> {
  const long = isWorthPacking(raw.nonMasqueradeCIDRs) ? await import('../policy/long-list') : undefined
  return parsePlain(raw, long?.parseLongList) ?? (await import('./parse')).parseConfig(raw)
}

export const NO_SOURCES: Sources = { files: [], clusterCIDRs: [], warnings: [] }
