import { startSha256 } from '#system/digest'
import { close, openToRead, readAt, status, writeNext } from '#system/files'

/** The new file's bytes, or the file to copy. */
export type Content = { readonly bytes: Uint8Array } | { readonly copyOf: string }

export function sizeOf(content: Content): number {
  return 'bytes' in content ? content.bytes.length : status(content.copyOf).size
}

export function hashOfContent(content: Content): string {
  if ('copyOf' in content) return fromSource(content.copyOf, () => {})
  const hash = startSha256()
  hash.update(content.bytes)
  return hash.end()
}

/** The hash of an open file. */
export function hashOf(descriptor: number): string {
  const hash = startSha256()
  inPieces(descriptor, (piece) => hash.update(piece))
  return hash.end()
}

/** Writes the content, and returns the hash of what it read. */
export function writeContent(descriptor: number, content: Content): string {
  const writeAll = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; ) at += writeNext(descriptor, bytes.subarray(at))
  }
  if ('copyOf' in content) return fromSource(content.copyOf, writeAll)
  writeAll(content.bytes)
  return hashOfContent(content)
}

/** Opens the source once, so that the bytes that are hashed are those that are copied. */
function fromSource(path: string, use: (piece: Uint8Array) => void): string {
  const source = openToRead(path)
  try {
    const hash = startSha256()
    inPieces(source, (piece) => {
      hash.update(piece)
      use(piece)
    })
    return hash.end()
  } finally {
    close(source)
  }
}

/** Reads a file from its beginning, in pieces, because a container's memory limit holds for us too. */
function inPieces(descriptor: number, use: (piece: Uint8Array) => void): void {
  const piece = new Uint8Array(1 << 20)
  for (let at = 0; ; ) {
    const length = readAt(descriptor, piece, at)
    if (length === 0) return
    use(piece.subarray(0, length))
    at += length
  }
}
