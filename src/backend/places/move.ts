import { toCniError } from '../../cni/error'
import type { Change, Pruned, Replacement, Wanted } from '../backend'
import { attachmentId } from '../identity'
import type { Place } from './place'

/** The attachments that have left their old place, or would leave it in a dry run. */
export interface Departure {
  readonly left: ReadonlySet<string>
  /** Attachments that could not be removed, one line each. */
  readonly failures: readonly string[]
}

interface Move {
  readonly dryRun: boolean
  /** Removes these attachments from their old places, if they are there. */
  readonly leave: (ids: ReadonlySet<string>) => Promise<Departure>
}

/**
 * Sync in one place; attachments that move there leave their old one. The new rules come first, so that no pod is without
 * a rule for a moment. An attachment whose address another one holds in the new place keeps its old rules.
 */
export async function moveTo(
  place: Pick<Place, 'replace'>,
  wanted: readonly Wanted[],
  { dryRun, leave }: Move,
): Promise<Replacement> {
  const replacement = await place.replace(wanted, { dryRun })
  const held = new Set(replacement.held.map(({ attachment }) => attachmentId(attachment)))
  const all = new Map(wanted.map((one) => [attachmentId(one.attachment), one]))
  const { left, failures } = await leave(new Set([...all.keys()].filter((id) => !held.has(id))))
  const known = new Set(replacement.changes.map(({ attachment }) => attachmentId(attachment)))
  // An attachment that was in both places has changed, because it left one.
  const moved = [...left].flatMap((id): Change[] => {
    const one = all.get(id)
    if (!one || known.has(id)) return []
    return [{ attachment: one.attachment, addresses: one.addresses, what: 'changed' }]
  })
  return {
    ...replacement,
    changes: [
      ...replacement.changes.map((change): Change => {
        return left.has(attachmentId(change.attachment)) ? { ...change, what: 'changed' } : change
      }),
      ...moved,
    ],
    unrepaired: [...replacement.unrepaired, ...failures],
  }
}

/** Removes old rules after the new ones are in effect. What cannot be removed is reported, and the next sync tries again. */
export async function takeOut(
  place: Pick<Place, 'prune'>,
  ids: ReadonlySet<string>,
  options: { readonly dryRun: boolean },
): Promise<Pruned> {
  try {
    return await place.prune(({ id }) => ids.has(id), options)
  } catch (error) {
    return { removed: [], policies: [], failures: [lineOf(error)] }
  }
}

/** Words a failure as one line of a report, where the rest of the work goes on. */
export function lineOf(error: unknown): string {
  const { message, details } = toCniError(error)
  return `${message}${details && `: ${details}`}`
}
