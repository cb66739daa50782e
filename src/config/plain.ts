import type { JsonObject } from '../cni/json'
import { MalformedError } from '../policy/address-text'
import { parseInterface } from '../policy/interface'
import { parsePorts } from '../policy/ports'
import { parsePrefix } from '../policy/prefix'
import type { LongList } from '../policy/prefixes'
import { isForeignKey } from './foreign-keys'
import { type ChoiceKey, type Config, KEYS, type Row } from './keys'
import { isLogFile } from './log-file'
import { parseNamespacePattern } from './namespaces'
import type { ListRow } from './values'

/**
 * Reads a config that is valid beyond doubt, without the schema: loading that takes 1 ms of an ADD's 10 ms, and of the
 * STATUS that containerd sends every 5 s. Undefined means nothing: then the schema reads it, or words the error. A test
 * compares every answer with the schema's. `parseLong` is there if the list of exemptions is long.
 */
export function parsePlain(config: JsonObject, parseLong?: ParseLong): Config | undefined {
  try {
    return readPlain(config, parseLong)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

type ParseLong = (texts: readonly string[]) => LongList

const ROWS: Readonly<Record<string, Row>> = KEYS

/** The value of a key if it is one of the choices, whatever else the config has; else the default. */
export function readLeniently<K extends ChoiceKey>(config: JsonObject, key: K): Config[K] {
  const { choices, default: otherwise }: Row<'choice'> = KEYS[key]
  const chosen = config[key]
  return (typeof chosen === 'string' && choices.includes(chosen) ? chosen : otherwise) as Config[K]
}

function readPlain(config: JsonObject, parseLong: ParseLong | undefined): Config {
  insist(!hasPodList(config))
  const read: Record<string, unknown> = {}
  for (const key in ROWS) {
    const row = ROWS[key]
    const written = config[key]
    const value = written === undefined ? row?.default : readAs(row, written, parseLong)
    if (value !== undefined) read[key] = value
  }
  for (const key in config) insist(isForeignKey(key) || Object.hasOwn(read, key))
  return read as Config
}

/** Whether the runtime sent a list for this pod. */
function hasPodList({ runtimeConfig, args }: JsonObject): boolean {
  if (runtimeConfig === undefined && args === undefined) return false
  const { nonMasqueradeCIDRs } = Object(runtimeConfig)
  return nonMasqueradeCIDRs !== undefined || Object(Object(args).cni).nonMasqueradeCIDRs !== undefined
}

/** Ends the reading if something is not plain. Nobody sees the message. */
function insist(isPlain: boolean): asserts isPlain {
  if (!isPlain) throw new MalformedError('not plain')
}

function readAs(row: Row | undefined, value: unknown, parseLong: ParseLong | undefined): unknown {
  insist(row !== undefined && row.isPlain !== false)
  switch (row.kind) {
    case 'flag':
      insist(typeof value === 'boolean')
      return value
    case 'choice':
      insist(row.choices.includes(string(value)))
      return value
    case 'cidrs':
      return list(value, row, parsePrefix)
    case 'longCidrs':
      return parseLong && Array.isArray(value) ? parseLong(value) : list(value, row, parsePrefix)
    case 'interfaces':
      return list(value, row, parseInterface)
    case 'namespaces':
      return list(value, row, parseNamespacePattern)
    case 'ports':
      return parsePorts(string(value))
    case 'paths':
      return list(value, {}, path)
    case 'flannelFile':
      return typeof value === 'boolean' ? value : path(string(value))
    case 'logFile':
      insist(isLogFile(value))
      return value
    default:
      return row satisfies never
  }
}

function string(value: unknown): string {
  insist(typeof value === 'string')
  return value
}

function path(text: string): string {
  insist(text.startsWith('/'))
  return text
}

function list<T>(value: unknown, { isNeverEmpty }: ListRow, parse: (text: string) => T): T[] {
  insist(Array.isArray(value))
  insist(!isNeverEmpty || value.length > 0)
  return value.map((item) => parse(string(item)))
}
