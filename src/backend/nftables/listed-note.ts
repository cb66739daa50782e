import type { ListedNote } from '../backend'
import { parseOwnerComment } from './owner-notes'
import { parseSlotComment } from './slot-notes'

/** What the two comments say together: for people in `owners`, for programs in slot 0. */
export function listedNote(ownerComment?: string, slotComment?: string): ListedNote | undefined {
  const note = parseOwnerComment(ownerComment)
  if (!note) return undefined
  const { count: _, ...more } = parseSlotComment(slotComment) ?? { count: 0 }
  return { ...note, ...more }
}
