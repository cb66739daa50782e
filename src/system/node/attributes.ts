import type { FileAttributes } from '../attributes'

/** Node has no words for them. */
export function fileAttributes(): FileAttributes | undefined {
  return undefined
}
