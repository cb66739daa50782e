import { parseOwnerComment } from './notes'

/** nft's limit for the comment of an element; longer comments are cut. */
const COMMENT_BYTES = 128

/** Whether an owner's comment may name the pod. Characters that a comment cannot hold became `_`. */
export function mayNamePod(comment: string, pod: string): boolean {
  const named = parseOwnerComment(comment)?.pod
  if (named === undefined) return false
  const written = pod.replace(/[^A-Za-z0-9_./-]/g, '_')
  return named === written || (comment.length === COMMENT_BYTES && written.startsWith(named))
}
