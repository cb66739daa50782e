import type { Node } from 'jsonc-parser'
import { jsonNodes } from '../config/json-offsets'

/** Where an object of a JSON text has a key that it has already, in the order of the text. JSON takes the last one in silence. */
export function repeatedKeys(text: string): number[] {
  const root = jsonNodes(text)([])
  const offsets: number[] = []
  const open: Node[] = root ? [root] : []
  for (const { type, children = [] } of open) {
    const seen = new Set<unknown>()
    for (const child of children) {
      open.push(child)
      if (type !== 'object') continue
      const key: unknown = child.children?.[0]?.value
      if (seen.has(key)) offsets.push(child.offset)
      seen.add(key)
    }
  }
  return offsets.sort((one, other) => one - other)
}
