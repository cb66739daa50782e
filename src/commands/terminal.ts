import { isPlain, printable } from '../cni/printable'
import type { World } from './world'

/** Tables for people. A program behind a pipe can cut the plain columns too. */
export interface Table {
  readonly headings: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The text for an empty cell, so that columns can be counted. */
const NOTHING = '-'

/** Between two columns. */
const GAP = '  '

/** Writes a table; the headings are bold where the world says so. */
export async function writeTable(
  world: Pick<World, 'write' | 'writeHeading'>,
  { headings, rows }: Table,
): Promise<void> {
  const lines = alignColumns([headings, ...rows])
  await world.writeHeading(lines[0] ?? '')
  await world.write(lines.slice(1).concat('').join('\n'))
}

/**
 * Makes one line for each row. Control characters become escapes before anything is measured, and no line ends in a
 * blank.
 */
export function alignColumns(rows: readonly (readonly string[])[]): readonly string[] {
  if (isOfAscii(rows)) return alignAscii(rows)
  const cells = rows.map((row) => row.map((cell) => printable(cell) || NOTHING))
  const columns = Math.max(0, ...cells.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...cells.map((row) => displayWidth(row[column] ?? ''))),
  )
  return cells.map((row) =>
    row.map((cell, column) => pad(cell, column < row.length - 1 ? (widths[column] ?? 0) : 0)).join(GAP),
  )
}

/**
 * Nearly all tables are ASCII only. One look at the whole text shows that, whereas a look at each of 100,000 cells
 * would take a second.
 */
function isOfAscii(rows: readonly (readonly string[])[]): boolean {
  const text = rows.map((row) => row.join('')).join('')
  return isPlain(text) && !text.includes('\n') && !text.includes('\t')
}

/** Cells of one column are often equal to the one above, and then they are padded once. */
function alignAscii(rows: readonly (readonly string[])[]): string[] {
  const widths = widthsOf(rows)
  const above: string[] = []
  const padded: string[] = []
  const lines: string[] = []
  for (const row of rows) {
    const last = row.length - 1
    let line = ''
    for (let i = 0; i < last; i++) {
      const cell = row[i] || NOTHING
      if (cell !== above[i]) {
        above[i] = cell
        padded[i] = cell.padEnd((widths[i] ?? 0) + GAP.length)
      }
      line += padded[i]
    }
    lines.push(last < 0 ? line : line + (row[last] || NOTHING))
  }
  return lines
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = []
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      const length = row[i]?.length || NOTHING.length
      if (!(length <= (widths[i] ?? -1))) widths[i] = length
    }
  }
  return widths
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - displayWidth(cell)))
}

/** Characters that take two columns: East Asian wide and fullwidth ones (UAX #11), and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u

const COMBINING = /[\p{Mn}\p{Me}]/u

/** The number of columns of a terminal that a printable text takes. */
export function displayWidth(text: string): number {
  // Most cells are names and addresses.
  if (/^[ -~]*$/.test(text)) return text.length
  let width = 0
  for (const character of text) width += COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  return width
}
