/** A place in a text, as editors count, from 1 on. */
export interface Position {
  readonly line: number
  readonly column: number
}

export function positionIn(text: string, offset: number): Position {
  let line = 1
  let start = 0
  for (let end = text.indexOf('\n'); end >= 0 && end < offset; end = text.indexOf('\n', end + 1)) {
    line += 1
    start = end + 1
  }
  return { line, column: offset - start + 1 }
}

/** The place for a message: `line 3, column 14`. It never quotes the text there. */
export function placeIn(text: string, offset: number): string {
  const { line, column } = positionIn(text, offset)
  return `line ${line}, column ${column}`
}
