import { holdsList } from '../cni/conf-dir'
import { quote } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { scanJson } from '../cni/json-scan'
import { jsonSyntaxFault } from '../cni/json-text'
import { isNamedInConfig } from '../install/nested-plugins'
import { shapeFault } from '../install/target'
import { find, type Part, type Report, reportAt } from './judgement'
import { lineCounter, splitPlace } from './lines'
import { DEEPEST, isJson } from './locate'
import { hasOurs, judgeNetwork, type Network } from './network'
import { judgeOwnConfig } from './own-config'
import type { PlacedPlugin } from './plugins'
import { repeatedKeys } from './repeated-keys'
import type { Text } from './text'

/** A text that a runtime may read as a network: a list of plugins, or one plugin. */
export interface CniText {
  readonly text: Text
  readonly value: JsonObject
}

/** Reads the text as a JSON object. If it is none, that is reported, and the result is undefined. */
export function readCni(report: Report, text: Text): CniText | undefined {
  const refuse = (why: string) => {
    const { place, rest } = splitPlace(why)
    const at = place ? text.placeAt(place) : text.placeOf([])
    const message = `Cannot read this: ${rest}`
    reportAt(report, text.file, { severity: 'error', rule: 'syntax', place: at, message })
    return undefined
  }
  const { text: written } = text
  if (written.trim() === '') return refuse('it is empty; write a JSON object, { ... }')
  if (text.hasMark) {
    return refuse('it begins with a byte order mark, which runtimes refuse; save it as UTF-8 without one')
  }
  if (!isJson(written)) {
    return refuse(`it is not JSON, and runtimes read nothing else: ${jsonSyntaxFault(written)}`)
  }
  const deep = scanJson(written, { allowsRepeatedKeys: true, deepest: DEEPEST }).fault
  if (deep) return refuse(`it is nested deeper than ${DEEPEST} levels; nest less deeply`)
  const value: unknown = JSON.parse(written)
  return isObject(value) ? { text, value } : refuse('it is not a JSON object; write { ... }')
}

/** The surroundings of the text. */
export interface Surroundings {
  /** Whether the name of the file decides how a runtime reads it. */
  readonly isNamed: boolean
  /** The drop-ins that a runtime appends to the list. */
  readonly dropIns: readonly PlacedPlugin[]
}

export const ALONE: Surroundings = { isNamed: false, dropIns: [] }

/** Judges the parts that have to do with ip-masq, and returns the networks that it is in. */
export async function judgeCni(
  report: Report,
  { text, value }: CniText,
  { isNamed, dropIns }: Surroundings,
): Promise<readonly Network[]> {
  const whole: Part = { text, path: [] }
  const networks = networksIn(whole, value, dropIns)
  const isOurs = isNamedInConfig(value) || networks.some(hasOurs)
  if (isOurs) reportRepeatedKeys(report, text)
  const fault = isNamed ? shapeFault(text.file, value) : undefined
  if (fault) {
    const { path, why } = fault
    const isOtherForm = holdsList(text.file) ? value.plugins === undefined : value.plugins !== undefined
    const rule = isOtherForm ? 'file-name' : 'shape'
    find(report, whole, { severity: 'error', rule, path, message: `Cannot load this: ${why}` })
  }
  for (const network of networks) if (hasOurs(network)) await judgeNetwork(report, network)
  if (networks.length === 0 && value.type === 'ip-masq') {
    await judgeOwnConfig(report, whole, { config: value, ips: [] })
  }
  return networks
}

/**
 * Returns the network of the text, and those in the `delegates` of Multus. One plugin with a name is a network of its
 * own.
 */
function networksIn(part: Part, value: JsonObject, dropIns: readonly PlacedPlugin[]): Network[] {
  const { plugins, name, type, delegates } = value
  if (Array.isArray(plugins)) return [{ list: value, part, dropIns }]
  const nested = (Array.isArray(delegates) ? delegates : []).flatMap((delegate, i) =>
    isObject(delegate) ? networksIn({ ...part, path: [...part.path, 'delegates', i] }, delegate, []) : [],
  )
  if (nested.length > 0) return nested
  const isNetwork = typeof type === 'string' && name !== undefined
  return isNetwork ? [{ list: value, part, dropIns, isSingle: true }] : []
}

/** Returns whether an object of the text has a key twice. */
export function reportRepeatedKeys(report: Report, text: Text): boolean {
  const placeAt = lineCounter(text.text)
  const repeated = repeatedKeys(text.text)
  for (const { key, offset, first } of repeated) {
    const { line, column } = text.placeAt(placeAt(first))
    const message = `Cannot use the key ${quote(key)} twice: this object already has it at line ${line}, column ${column}, and the last one counts; keep one of the two`
    const place = text.placeAt(placeAt(offset))
    reportAt(report, text.file, { severity: 'error', rule: 'repeated-key', place, message })
  }
  return repeated.length > 0
}
