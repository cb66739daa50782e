import { isObject, type JsonObject } from '../cni/json'
import { scanJson } from '../cni/json-scan'
import { hasAgentKey, isAgentKey } from '../config/agent-file'
import { KEYS } from '../config/keys'
import { parseTextValues } from '../config/text-value'
import { shapeFault } from '../install/target'
import { judgeAgentText } from './agent-text'
import { ALONE, judgeCni, readCni, reportRepeatedKeys } from './cni-text'
import { find, type Part, type Report, reportAt } from './judgement'
import { splitPlace } from './lines'
import { DEEPEST, isJson } from './locate'
import { type Embedded, embeddedIn, flanneldMasquerade, isManifest, objectsIn } from './manifest'
import { hasOurs, type Network } from './network'
import { judgeOwnConfig } from './own-config'
import type { Text } from './text'

/**
 * The kind of file that was judged. `broken`: nobody can read it. `nothing`: no config in it has to do with ip-masq.
 */
export type Kind = 'network' | 'plugin' | 'agent' | 'manifest' | 'broken' | 'nothing'

export interface Judged {
  readonly kind: Kind
  readonly networks: readonly Network[]
}

const NOTHING: Judged = { kind: 'nothing', networks: [] }
const BROKEN: Judged = { kind: 'broken', networks: [] }

/** Judges a text by its contents. Its name matters only if it ends in .conf or .conflist, which are CNI's. */
export async function judgeText(report: Report, text: Text): Promise<Judged> {
  if (/\.conf(list)?$/.test(text.file)) return judgeNetworkText(report, text, true)
  const value = jsonObjectIn(text)
  if (value && isCniConfig(value) && !isManifest(value)) return judgeNetworkText(report, text, false)
  if (value && reportRepeatedKeys(report, text)) return BROKEN
  const documents = await readDocuments(report, text)
  if (!documents) return BROKEN
  if (documents.some(isManifest)) return judgeManifests(report, text, documents)
  const [first] = documents
  return isCniConfig(first) || looksOurs(text, first) ? judgeOne(report, text, first) : NOTHING
}

async function judgeManifests(report: Report, text: Text, documents: readonly unknown[]): Promise<Judged> {
  const [networks, kinds, flanneld]: [Network[], Set<Kind>, Part[]] = [[], new Set(), []]
  for (const [document, value] of documents.entries()) {
    const objects = isManifest(value) ? objectsIn({ text, path: [], document }, value) : []
    for (const object of objects) {
      flanneld.push(...flanneldMasquerade(object.part, object.value))
      for (const embedded of embeddedIn(object.part, object.value)) {
        const judged = await judgeEmbedded(report, embedded)
        networks.push(...judged.networks)
        const isOthers = judged.kind === 'network' && !judged.networks.some(hasOurs)
        kinds.add(isOthers ? 'nothing' : judged.kind)
      }
    }
  }
  if (networks.some(hasOurs)) for (const part of flanneld) reportFlanneld(report, part)
  kinds.delete('nothing')
  return { kind: kinds.size > 0 ? 'manifest' : 'nothing', networks }
}

async function readDocuments(report: Report, text: Text): Promise<readonly unknown[] | undefined> {
  try {
    return (await parseTextValues(text.text)).map(({ value }) => value)
  } catch (error) {
    const { place, rest } = splitPlace(error instanceof Error ? error.message : String(error))
    const at = place ? text.placeAt(place) : text.placeOf([])
    const message = `Cannot read this as JSON or YAML: ${rest}`
    reportAt(report, text.file, { severity: 'error', rule: 'syntax', place: at, message })
    return undefined
  }
}

async function judgeNetworkText(report: Report, text: Text, isNamed: boolean): Promise<Judged> {
  const cni = readCni(report, text)
  if (!cni) return BROKEN
  const networks = await judgeCni(report, cni, { ...ALONE, isNamed })
  if (isNamed && shapeFault(text.file, cni.value)) return { kind: 'broken', networks }
  const isPlugin = networks.length === 0 && cni.value.type === 'ip-masq'
  return { kind: isPlugin ? 'plugin' : 'network', networks }
}

/** Judges a text that is one config. */
async function judgeOne(report: Report, text: Text, value: unknown, place = 'this'): Promise<Judged> {
  if (isCniConfig(value)) return judgeNetworkText(report, text, false)
  if (isPlainConfig(text, value)) {
    await judgeOwnConfig(report, { text, path: [] }, { config: value, ips: [] })
    return { kind: 'plugin', networks: [] }
  }
  await judgeAgentText(report, text, place)
  return { kind: 'agent', networks: [] }
}

/** Judges a text of a manifest's data, if it looks like a config of ours. */
async function judgeEmbedded(report: Report, { text, place }: Embedded): Promise<Judged> {
  const json = jsonObjectIn(text)
  const value = json ?? (await firstValue(text))
  if (isCniConfig(value)) return judgeNetworkText(report, text, false)
  if (!looksOurs(text, value)) return NOTHING
  if (json && reportRepeatedKeys(report, text)) return BROKEN
  const isBrokenList = value === undefined && /"(plugins|cniVersion)"/.test(text.text)
  return isBrokenList ? judgeNetworkText(report, text, false) : judgeOne(report, text, value, place)
}

/**
 * Whether a text has one of our keys, or a word that nearly is one. A list of objects is a patch (RFC 6902), whatever
 * it is about.
 */
function looksOurs(text: Text, value: unknown): boolean {
  if (Array.isArray(value) && value.some(isObject)) return false
  return (
    hasAgentKey(value) ||
    isPlainConfig(text, value) ||
    /ip-?masq|masquerade|nonMasq|masqLink/i.test(text.text)
  )
}

/** Undefined if the text is not a JSON object, or is nested too deeply for the code that finds places. */
function jsonObjectIn({ text }: Text): JsonObject | undefined {
  const options = { allowsRepeatedKeys: true, deepest: DEEPEST }
  if (!isJson(text) || scanJson(text, options).fault) return undefined
  const value: unknown = JSON.parse(text)
  return isObject(value) ? value : undefined
}

/** Undefined if the text is neither JSON nor YAML. */
async function firstValue(text: Text): Promise<unknown> {
  try {
    const [first] = await parseTextValues(text.text)
    return first?.value
  } catch {
    return undefined
  }
}

export function isCniConfig(value: unknown): value is JsonObject {
  return isObject(value) && (Array.isArray(value.plugins) || typeof value.type === 'string')
}

/**
 * Whether the text is our part of a conflist alone, as `ip-masq install --config` takes it. It is JSON with a key that
 * ip-masq-agent does not have.
 */
function isPlainConfig(text: Text, value: unknown): value is JsonObject {
  if (!isObject(value) || !text.text.trimStart().startsWith('{')) return false
  return Object.keys(value).some((key) => Object.hasOwn(KEYS, key) && !isAgentKey(key))
}

function reportFlanneld(report: Report, part: Part): void {
  const message =
    'flanneld masquerades too, and knows no exemptions: write "--ip-masq=false", and restart its pods'
  find(report, part, { severity: 'warning', rule: 'primary-masquerade', message })
}
