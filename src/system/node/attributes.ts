import type { FileAttributes } from '../attributes'

/** Node has no functions for extended attributes. */
export function fileAttributes(): FileAttributes | undefined {
  return undefined
}
