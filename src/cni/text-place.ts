/** Where something is in a text, as editors count: `line 3, column 14`. It never says what is there. */
export function placeIn(text: string, offset: number): string {
  let line = 1
  let start = 0
  for (let end = text.indexOf('\n'); end >= 0 && end < offset; end = text.indexOf('\n', end + 1)) {
    line += 1
    start = end + 1
  }
  return `line ${line}, column ${offset - start + 1}`
}
