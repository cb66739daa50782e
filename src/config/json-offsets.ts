import { type Node, parseTree } from 'jsonc-parser'
import type { Path } from './path'

/** Finds values in a JSON text. A path that ends in a key leads to the key, because a reader looks for that. */
export function jsonOffsets(text: string): (path: Path) => number | undefined {
  const find = jsonNodes(text)
  return (path) => offsetOf(find(path))
}

/** The values themselves, as jsonc-parser has them. */
export function jsonNodes(text: string): (path: Path) => Node | undefined {
  const root = parseTree(text)
  return (path) => {
    let node = root
    for (const part of path) node = node && memberOf(node, part)
    return node
  }
}

/** Where a value is: its key, if it has one. */
export function offsetOf(node: Node | undefined): number | undefined {
  return node?.parent?.type === 'property' ? node.parent.offset : node?.offset
}

/**
 * Finds a member. If a key is there twice, the last one counts. If there is none, a key in another case counts, as in
 * agents' files.
 */
function memberOf({ type, children = [] }: Node, part: string | number): Node | undefined {
  if (typeof part === 'number') return type === 'array' ? children[part] : undefined
  const named = (isName: (key: string) => boolean) =>
    children.findLast(({ children: [key] = [] }) => isName(String(key?.value)))?.children?.[1]
  return named((key) => key === part) ?? named((key) => key.toLowerCase() === part.toLowerCase())
}
