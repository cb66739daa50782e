import type { Node } from 'jsonc-parser'
import { jsonNodes } from '../config/json-offsets'

/** A key that its object has already. */
export interface RepeatedKey {
  readonly key: string
  readonly offset: number
  /** The offset of the first key of this name in the object. */
  readonly first: number
}

/** The repeated keys of a JSON text, in its order. `JSON.parse` takes the last one and reports nothing. */
export function repeatedKeys(text: string): RepeatedKey[] {
  const root = jsonNodes(text)([])
  const found: RepeatedKey[] = []
  const open: Node[] = root ? [root] : []
  for (const { type, children = [] } of open) {
    const seen = new Map<string, number>()
    for (const child of children) {
      open.push(child)
      if (type !== 'object') continue
      const { offset } = child
      const key = String(child.children?.[0]?.value)
      const first = seen.get(key)
      if (first === undefined) seen.set(key, offset)
      else found.push({ key, offset, first })
    }
  }
  return found.sort((one, other) => one.offset - other.offset)
}
