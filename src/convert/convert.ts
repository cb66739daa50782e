import { CniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { intentOf } from '../config/intent'
import { parseConfig } from '../config/parse'
import { NO_SOURCES } from '../config/settings'
import { parseTextValues } from '../config/text-value'
import { convertAgent, isManifest } from './agent'
import type { Converted } from './converted'
import { convertWindows, isCniConfig } from './windows'

/**
 * An ip-masq-agent config, the manifests that hold one (ConfigMap, DaemonSet, List), or a Windows node's CNI config.
 * What comes out has been accepted by the parser that an ADD uses.
 */
export async function convert(text: string): Promise<Converted> {
  const documents = await parseDocuments(text)
  const cni = documents.filter(isCniConfig)
  if (cni.length > 0 && cni.length < documents.length) {
    throw new CniError(
      'invalidConfig',
      'Cannot convert a CNI config together with other documents; convert it alone',
    )
  }
  const converted = cni.length > 0 ? convertWindows(cni) : await convertAgent(documents)
  const { plugin, notes } = converted
  // It throws where two keys contradict each other.
  intentOf({ config: parseConfig(plugin), sources: NO_SOURCES }, '')
  return { plugin, notes }
}

async function parseDocuments(text: string): Promise<JsonObject[]> {
  const values = (await parseAny(text)).map(({ value }) => value).filter((value) => value !== null)
  const documents = values.filter(isObject)
  if (values.length === 0) throw new CniError('invalidConfig', 'Cannot convert this: the input is empty')
  if (documents.length < values.length) {
    throw new CniError(
      'invalidConfig',
      'Cannot convert this: give an ip-masq-agent config, its ConfigMap, or a Windows CNI config',
    )
  }
  return documents.flatMap(itemsOf)
}

/** The items of a List, as kubectl prints it, or of a ConfigMapList, whose items have no kind of their own in the API. */
function itemsOf(document: JsonObject): JsonObject[] {
  const { kind, apiVersion, items } = document
  if (typeof kind !== 'string' || !kind.endsWith('List') || !isManifest(document, kind)) return [document]
  const own = kind === 'List' ? {} : { kind: kind.slice(0, -'List'.length), apiVersion }
  return Array.isArray(items) ? items.filter(isObject).map((item) => ({ ...own, ...item })) : [document]
}

async function parseAny(text: string) {
  try {
    return await parseTextValues(text)
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    throw new CniError('invalidConfig', `Cannot convert this: it cannot be read as JSON or YAML: ${said}`)
  }
}
