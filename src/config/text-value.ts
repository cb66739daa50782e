import { isObject } from '../cni/json'
import { scanJson } from '../cni/json-scan'
import { jsonSyntaxFault, parseJsonText } from '../cni/json-text'
import { withoutMark } from '../cni/small-file'
import { placeIn } from '../cni/text-place'
import { readPlainYaml } from './plain-yaml'
import type { YamlDocument } from './yaml'

/**
 * Parses the documents of a text in JSON or YAML. The YAML parser is loaded only for texts that are not plain. Throws an
 * Error with the position of a fault, and nothing of the text.
 */
export async function parseTextValues(written: string): Promise<readonly YamlDocument[]> {
  const text = withoutMark(written)
  // Decoded as UTF-8, a text in UTF-16 has zeros in it, or replacement characters for its byte order mark.
  if (text.slice(0, 4).includes('\0') || text.startsWith('\ufffd\ufffd')) {
    throw new Error('it is UTF-16: save it as UTF-8')
  }
  const isJson = isJsonObject(text)
  if (isJson) return [readJson(text)]
  const plain = readPlainYaml(text)
  if (plain) return [plain]
  const { parseYamlDocuments } = await import('./yaml')
  try {
    return parseYamlDocuments(text)
  } catch (error) {
    // YAML's flow form looks like JSON too. Whoever writes braces most often means JSON.
    if (text.trimStart().startsWith('{')) throw new Error(jsonSyntaxFault(text))
    throw error
  }
}

function isJsonObject(text: string): boolean {
  try {
    return isObject(JSON.parse(text))
  } catch {
    return false
  }
}

function readJson(text: string): YamlDocument {
  const value = parseJsonText(text)
  return {
    value,
    placeOf: (key) => {
      const offset = scanJson(text).topLevelKeys.get(key)
      return offset === undefined ? undefined : placeIn(text, offset)
    },
  }
}
