import type { Place } from './finding'

/** Finds places in a text. A file may have thousands of findings, so its lines are counted once. */
export function lineCounter(text: string): (offset: number) => Place {
  const starts = [0]
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  return (offset) => {
    let [low, high] = [0, starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}

const PLACE = /\bline (\d+), column (\d+): /

/** Takes the place out of a message. `placeIn` (cni/text-place.ts) put it there. */
export function splitPlace(message: string): { readonly place?: Place; readonly rest: string } {
  const [found, line, column] = PLACE.exec(message) ?? []
  if (found === undefined) return { rest: message }
  return { place: { line: Number(line), column: Number(column) }, rest: message.replace(found, '') }
}
