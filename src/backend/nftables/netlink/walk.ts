import { addressOf, digitsOf } from '../../../policy/address'
import { untilLate } from '../until-late'
import { dumpOfSet, generation } from './ask'
import { elementsIn, type WalkedElement } from './decode'
import { findElements } from './find'
import type { Session } from './session'
import { attributesOf } from './wire'

/** All elements of a map, in the order of their keys. */
export interface Walk {
  readonly elements: readonly WalkedElement[]
  /** No walk could be believed: elements that are missing here may exist. */
  readonly mayLack: boolean
}

/** How long to repeat a walk through a map that changes during it. */
const WALKING_MS = 3_000

/**
 * A dump is no snapshot. It comes in pieces, and the kernel continues at a count of elements: when it resizes the hash
 * table in between, or an element comes or goes, the dump misses some elements and sends others twice. So a walk is
 * believed only when it sent no key twice, and either nothing in the ruleset changed during it, or the walk before found
 * the same. A miss without a repeated key takes a change of the map itself, and such a change shows in the next walk.
 * Other transactions, of which a busy node has thousands in a second, do not spoil it.
 *
 * When the map changes for too long, everything that several walks found is looked up by key. What exists is returned,
 * and the result is marked.
 */
export function walkMap(session: Session, set: string): Walk {
  const again = untilLate(WALKING_MS)
  const seen = new Map<string, WalkedElement>()
  let previous: string | undefined
  for (;;) {
    const before = generation(session)
    const { messages, wasInterrupted } = dumpOfSet(session, set)
    const isQuiet = !wasInterrupted && generation(session) === before
    const elements: WalkedElement[] = []
    for (const message of messages) elementsIn(attributesOf(message), elements)
    const byKey = new Map<string, WalkedElement>()
    for (const element of elements) byKey.set(element.key, element)
    const hasRepeats = byKey.size < elements.length
    const print = hasRepeats || isQuiet ? undefined : printOf(byKey)
    if (!hasRepeats && (isQuiet || print === previous)) return { elements: inOrder(byKey), mayLack: false }
    previous = print
    for (const element of elements) seen.set(element.key, element)
    if (!again()) return { elements: confirm(session, set, inOrder(seen)), mayLack: true }
  }
}

function inOrder(byKey: ReadonlyMap<string, WalkedElement>): WalkedElement[] {
  // This sorts without a comparison function of ours, which would be most of the work.
  const keys = [...byKey.keys()].sort()
  const elements: WalkedElement[] = []
  for (const key of keys) {
    const element = byKey.get(key)
    if (element) elements.push(element)
  }
  return elements
}

function printOf(byKey: ReadonlyMap<string, WalkedElement>): string {
  return inOrder(byKey)
    .map(({ key, value, verdict }) => {
      const target = verdict && ('goto' in verdict ? verdict.goto : verdict.text)
      return `${key} ${value ?? target}`
    })
    .join('\n')
}

/** The elements that exist now. */
function confirm(session: Session, set: string, elements: readonly WalkedElement[]): WalkedElement[] {
  const found = findElements(
    session,
    elements.map(({ key }) => ({ set, key: addressOf(key) })),
  )
  return elements.flatMap(({ key }, i): WalkedElement[] => {
    const now = found[i]
    if (!now) return []
    const { value, ...rest } = now
    return [{ key, ...rest, ...(value && { value: digitsOf(value) }) }]
  })
}
