/** A listing of nft with its nesting: `head { statements, blocks }`. */
export interface Block {
  readonly head: string
  readonly statements: readonly string[]
  readonly blocks: readonly Block[]
}

interface OpenBlock extends Block {
  readonly statements: string[]
  readonly blocks: OpenBlock[]
}

/**
 * Parses text instead of `nft -j`, because some distributions build nft without JSON. Statements end at the end of a line
 * or at ";", but at "," in a list of elements; strings (comments) may hold any of these.
 */
export function parseListing(text: string): Block {
  const root: OpenBlock = { head: '', statements: [], blocks: [] }
  const open: OpenBlock[] = [root]
  let statement = ''
  for (const [token] of text.matchAll(/"[^"]*"|[{};,\n]|[^"{};,\n]+/g)) {
    const block = open.at(-1) ?? root
    const isList = block.head.endsWith('=')
    if (token === '{') {
      const inner: OpenBlock = { head: collapse(statement), statements: [], blocks: [] }
      block.blocks.push(inner)
      open.push(inner)
      statement = ''
    } else if (token === '}' || token === (isList ? ',' : '\n') || (token === ';' && !isList)) {
      if (statement.trim() !== '') block.statements.push(collapse(statement))
      statement = ''
      if (token === '}') open.pop()
    } else {
      statement += token === '\n' ? ' ' : token
    }
  }
  return root
}

function collapse(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}

/** The elements of `map owners`, `set policy-…-ip` and so on, as texts. */
export function elementsIn(table: Block, head: string): readonly string[] {
  const object = table.blocks.find((block) => block.head === head)
  return (object?.blocks ?? []).find((block) => block.head === 'elements =')?.statements ?? []
}
