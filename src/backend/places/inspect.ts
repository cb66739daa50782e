import type { Inspection, InspectOnly, LiveAttachment } from '../inspection'
import { UnusableError } from '../tolerances'
import { lineOf } from './move'
import type { Place } from './place'

/**
 * Inspects all places together. A place that this machine does not have is left out. A place that refuses to be looked at
 * is named, and the contents of the others are returned. Rejects where no place can be looked at.
 */
export async function inspect(places: readonly Place[], only?: InspectOnly): Promise<Inspection> {
  const found: Inspection[] = []
  const errors: unknown[] = []
  for (const place of places) {
    try {
      found.push(await place.inspect(only))
    } catch (error) {
      errors.push(error)
    }
  }
  const refusals = errors.filter((error) => !(error instanceof UnusableError))
  if (found.length === 0) throw refusals[0] ?? errors[0]
  return {
    places: found.flatMap((one) => one.places),
    // flatMap() would copy thousands one by one.
    attachments: NO_ATTACHMENTS.concat(...found.map((one) => one.attachments)),
    strays: found.flatMap((one) => one.strays),
    policies: found.flatMap((one) => one.policies),
    unseen: [...found.flatMap((one) => one.unseen), ...refusals.map(lineOf)],
  }
}

const NO_ATTACHMENTS: readonly LiveAttachment[] = []
