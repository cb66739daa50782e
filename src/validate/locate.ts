import { isMap, isScalar, isSeq, parseAllDocuments } from 'yaml'
import { scanJson } from '../cni/json-scan'
import { jsonNodes, offsetOf } from '../config/json-offsets'
import type { Path } from '../config/path'

/** The places of the parts of a text in JSON or YAML. They are only shown; other code reads the values. */

/**
 * The place of a part. `start` is where the key of a member, or an item, begins. `value` is where its value begins and
 * ends.
 */
export interface Located {
  readonly start: number
  readonly value: { readonly start: number; readonly end: number }
}

/**
 * `document` is the number of the document in a YAML file. If there is no such path, the result is the deepest part on
 * it that exists.
 */
export type Locate = (document: number, path: Path) => Located

const NOWHERE: Located = { start: 0, value: { start: 0, end: 0 } }

/** The deepest nesting of a text. The parsers call themselves for each level. */
export const DEEPEST = 500

export function locator(text: string): Locate {
  const isDeep =
    scanJson(text, { allowsRepeatedKeys: true, deepest: DEEPEST }).fault?.expected === 'nest less deeply'
  if (isDeep) return () => NOWHERE
  let find: Locate | undefined
  return (document, path) => {
    find ??= isJson(text) ? inJson(text) : inYaml(text)
    return find(document, path)
  }
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function inJson(text: string): Locate {
  const find = jsonNodes(text)
  return (_, path) => {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const node = find(path.slice(0, depth))
      if (!node) continue
      return { start: offsetOf(node) ?? 0, value: { start: node.offset, end: node.offset + node.length } }
    }
    return NOWHERE
  }
}

function inYaml(text: string): Locate {
  const documents = parseAllDocuments(text, {
    version: '1.1',
    logLevel: 'silent',
    prettyErrors: false,
    uniqueKeys: false,
  })
  return (index, path) => {
    const found = Array.isArray(documents) ? documents[index] : undefined
    let node: unknown = found?.contents
    let { start } = rangeOf(node)
    for (const part of path) {
      const next = childOf(node, part)
      if (!next) break
      node = next.value
      start = next.start
    }
    return { start, value: rangeOf(node) }
  }
}

function childOf(node: unknown, part: string | number): { start: number; value: unknown } | undefined {
  if (isSeq(node) && typeof part === 'number') {
    const item = node.items[part]
    return item === undefined ? undefined : { start: rangeOf(item).start, value: item }
  }
  if (!isMap(node)) return undefined
  const spelled = (isSame: (key: string) => boolean) =>
    node.items.find(({ key }) => isScalar(key) && isSame(String(key.value)))
  // ip-masq-agent reads its keys in any case.
  const wanted = String(part)
  const pair =
    spelled((key) => key === wanted) ?? spelled((key) => key.toLowerCase() === wanted.toLowerCase())
  return pair && { start: rangeOf(pair.key).start, value: pair.value }
}

function rangeOf(node: unknown): { start: number; end: number } {
  const { range } = Object(node)
  const [start, end] = Array.isArray(range) ? range : []
  return { start: Number(start ?? 0), end: Number(end ?? 0) }
}
