import { CniError, quote } from '../cni/error'
import type { JsonObject } from '../cni/json'
import { FOREIGN_KEYS, isForeignKey } from './foreign-keys'
import { nearest } from './nearest'
import { type Config, schema } from './schema'

const OWN_KEYS = Object.keys(schema.shape)

/** Our part of the config. An unknown key is most often a typo, and a typo in a list of exemptions cuts off pods. */
export function parseConfig(config: JsonObject): Config {
  const unknown = Object.keys(config).find((key) => !isKnown(key))
  if (unknown !== undefined) {
    const advice = `write ${quote(nearest(unknown, [...OWN_KEYS, ...FOREIGN_KEYS]))} if that is meant, or remove it`
    throw new CniError(
      'unsupportedKey',
      `Cannot use ${unknown} ${quote(config[unknown])}: unknown key; ${advice}`,
    )
  }
  const result = schema.safeParse(config)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const path = issue?.path ?? []
  throw new CniError(
    'invalidConfig',
    `Cannot use ${renderPath(path)} ${quote(valueAt(config, path))}: ${issue?.message}`,
  )
}

function isKnown(key: string): boolean {
  return OWN_KEYS.includes(key) || isForeignKey(key)
}

/** `nonMasqueradeCIDRs[1]`, as a reader would look for it. */
function renderPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i ? '.' : ''}${String(part)}`))
    .join('')
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, part) => Object(inner)[part], value)
}
