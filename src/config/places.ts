import { isObject } from '../cni/json'
import { readSmallFile, withoutMark } from '../cni/small-file'
import { type Position, positionIn } from '../cni/text-place'
import type { Path } from './path'

/** The place where something is written. */
export interface Where {
  readonly file: string
  readonly path: Path
  /** `agent`: JSON or YAML, with keys in any case; `env`: lines of KEY=VALUE[,VALUE]. */
  readonly form: 'json' | 'agent' | 'env'
}

/** A place in a file. It has no position if the text does not have it literally, for example because of a YAML alias. */
export interface FilePlace extends Partial<Position> {
  readonly file: string
}

/** `/etc/cni/net.d/10-pods.conflist:7:34` */
export function formatPlace({ file, line, column }: FilePlace): string {
  return line === undefined ? file : `${file}:${line}:${column}`
}

/** Finds places in files; each file is read and parsed once. */
export type Locate = (where: Where) => Promise<FilePlace>

/** `textOf` reads a file; if it throws, places in that file have no position. */
export function locator(textOf: (file: string) => string = readSmallFile): Locate {
  const texts = new Map<string, Promise<Finder>>()
  return async (where) => {
    const { file, form, path } = where
    const find = texts.get(file) ?? finderFor(file, form, textOf)
    texts.set(file, find)
    return { file, ...(await find)(path) }
  }
}

type Finder = (path: Path) => Position | undefined

async function finderFor(
  file: string,
  form: Where['form'],
  textOf: (file: string) => string,
): Promise<Finder> {
  const nowhere: Finder = () => undefined
  let text: string
  try {
    text = withoutMark(textOf(file))
  } catch {
    return nowhere
  }
  const offsetOf = await offsetsIn(text, form).catch(() => undefined)
  if (!offsetOf) return nowhere
  return (path) => {
    const offset = offsetOf(path)
    return offset === undefined ? undefined : positionIn(text, offset)
  }
}

type Offsets = (path: Path) => number | undefined

/** Loads parsers only for texts that need them. */
async function offsetsIn(text: string, form: Where['form']): Promise<Offsets> {
  if (form === 'env') return (path) => offsetInLines(text, path)
  if (form === 'json' || isJson(text)) return (await import('./json-offsets')).jsonOffsets(text)
  const { parseYamlDocuments } = await import('./yaml')
  const [document] = parseYamlDocuments(text)
  const keys = isObject(document?.value) ? Object.keys(document.value) : []
  return ([key, index]) => {
    const spelled = keys.find((one) => one.toLowerCase() === String(key).toLowerCase())
    const item = typeof index === 'number' ? index : undefined
    return spelled === undefined ? undefined : document?.offsetOf(spelled, item)
  }
}

function isJson(text: string): boolean {
  try {
    return isObject(JSON.parse(text))
  } catch {
    return false
  }
}

/** The value at `index` in the last line that sets the key, which is the line that counts. */
function offsetInLines(text: string, [key, index]: Path): number | undefined {
  const lines = [...text.matchAll(/^[ \t]*(?:export[ \t]+)?([A-Z0-9_]+)=["']?(.*)$/gm)]
  const line = lines.findLast(([, name]) => name === key)
  if (!line) return undefined
  const [whole, , values = ''] = line
  const items = [...values.matchAll(/[^,\s"']+/g)]
  const item = typeof index === 'number' ? items[index] : undefined
  return line.index + (item ? whole.length - values.length + item.index : whole.search(/\S/))
}
