import { withoutMark } from '../cni/small-file'
import type { Path } from '../config/path'
import type { Place } from './finding'
import { lineCounter } from './lines'
import { type Located, locator } from './locate'

/** A text that is judged: a file, or a value in a file that is a config by itself, as in the data of a ConfigMap. */
export interface Text {
  /** The name that the operator gave to the file. */
  readonly file: string
  /** The text without the byte order mark that some editors put first. */
  readonly text: string
  readonly hasMark: boolean
  /** The place of a part of the text in the file. `document` is the number of the document in YAML. */
  readonly placeOf: (path: Path, document?: number) => Place
  /** The place of a line and a column of the text in the file. */
  readonly placeAt: (place: Place) => Place
  /** The value at a path as a text of its own. */
  readonly within: (path: Path, value: string, document?: number) => Text
}

export function fileText(file: string, written: string): Text {
  const text = withoutMark(written)
  return { ...textOf(file, text, (place) => place), hasMark: text !== written }
}

function textOf(file: string, text: string, toFile: (place: Place) => Place): Text {
  const [placeAt, locate] = [lineCounter(text), locator(text)]
  return {
    file,
    text,
    hasMark: false,
    placeOf: (path, document = 0) => toFile(placeAt(locate(document, path).start)),
    placeAt: toFile,
    within(path, value, document = 0) {
      const toOuter = mapping({ text, placeAt, value }, locate(document, path).value)
      return textOf(file, value, (place) => {
        const { inside, ...outer } = toOuter(place)
        const { line, column } = place
        return inside ? { ...toFile(outer), inside: { line, column } } : toFile(outer)
      })
    },
  }
}

interface Held {
  readonly text: string
  readonly placeAt: (offset: number) => Place
  readonly value: string
}

/**
 * Maps a place in a value to a place in the text that contains it, if the value is written as it is: after a quote, or
 * in a block of lines (YAML's `|`). Otherwise the result is the beginning of the value, together with the place inside.
 */
function mapping({ text, placeAt, value }: Held, { start }: Located['value']): (place: Place) => Place {
  const quote = [0, 1].find((length) => text.startsWith(value, start + length))
  if (quote !== undefined && !value.includes('\n')) {
    return ({ column }) => placeAt(start + quote + column - 1)
  }
  const [outer, inner] = [text.split('\n'), value.split('\n')]
  const first = placeAt(start)
  return (place) => {
    // A block begins on the line after its sign.
    const line = first.line + place.line
    const [written = '', own = ''] = [outer[line - 1], inner[place.line - 1]]
    const indentation = written.slice(0, written.length - own.length)
    const isThere = own !== '' && written.endsWith(own) && /^ *$/.test(indentation)
    return isThere ? { line, column: place.column + indentation.length } : { ...first, inside: place }
  }
}
