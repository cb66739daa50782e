import { close, openToRead, readNext, statusOfOpen } from '#system/files'
import { decode } from '#system/text'

/** The largest conflist or cached result that we read: a prevResult of 10 MB has to work. */
const LARGEST = 16 << 20

/**
 * The largest file that a config names. It has room for about 50,000 prefixes: more is a mistake, and every ADD would
 * wait for it.
 */
export const LARGEST_CONFIG_FILE = 1 << 20

/** The text of a file in UTF-8. Throws the system's message, or the reason why we do not read such a file. */
export function readSmallFile(path: string, largest = LARGEST): string {
  return withFile(path, (file) => readText(file, largest))
}

/**
 * The text of an open file, which has to be a regular file of sensible size: opening a FIFO would wait for ever, and a
 * device never ends. The file that is checked is the one that is read, wherever the path leads by then.
 */
export function readText(file: number, largest = LARGEST): string {
  const { kind, size } = statusOfOpen(file)
  if (kind !== 'file')
    throw new Error(kind === 'directory' ? 'it is a directory' : 'it is not a regular file')
  // There is room for one byte more: a file may grow, and those of /proc have size 0.
  const room = new Uint8Array(Math.min(size, largest) + 1)
  return decodeText(readUpTo(file, room, largest))
}

/** Opens a file of any kind without waiting for anybody. */
export function withFile<T>(path: string, use: (file: number) => T): T {
  const file = openToRead(path)
  try {
    return use(file)
  } finally {
    close(file)
  }
}

function readUpTo(file: number, room: Uint8Array, largest: number): Uint8Array {
  let length = 0
  let bytes = room
  for (;;) {
    const read = readNext(file, bytes.subarray(length))
    length += read
    if (length > largest) throw new Error(`it is larger than ${largest} bytes`)
    if (read === 0) return bytes.subarray(0, length)
    if (length < bytes.length) continue
    const larger = new Uint8Array(Math.min(2 * bytes.length, largest) + 1)
    larger.set(bytes)
    bytes = larger
  }
}

/** A byte order mark stays, as U+FEFF. Whether it is allowed depends on who else reads the file. */
function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
  if (isUtf16 || (bytes.length > 1 && (first === 0) !== (second === 0))) {
    throw new Error('it is UTF-16: save it as UTF-8')
  }
  return decode(bytes)
}

/** The text without the byte order mark that some editors put first. */
export function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text
}
