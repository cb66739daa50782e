import type { Listed } from '../backend/backend'
import type { Attachment } from '../cni/attachment'
import type { Judged } from './prune'

/** If more attachments than this share a reason, they are counted. */
const MANY = 10

/** How many of the counted ones are named. */
const EXAMPLES = 3

/**
 * The attachments that are in no result cache and keep their rules all the same, with the reason: one line each, or one
 * for many with the same reason.
 */
export function renderKept(kept: readonly Judged[]): string[] {
  const reasons = new Map<string, Judged[]>()
  for (const one of kept) {
    const { because } = one.verdict
    reasons.set(because, [...(reasons.get(because) ?? []), one])
  }
  return [...reasons].flatMap(([because, group]) => {
    const names = group.map(({ listed }) => listedName(listed))
    if (names.length <= MANY) return names.map((name) => `kept ${name}: ${because}`)
    const examples = names.slice(0, EXAMPLES).join(', ')
    return [`kept ${names.length} attachments, such as ${examples}, each because ${because}`]
  })
}

/** The name of an attachment: the pod where Kubernetes names one, and always the runtime's name. */
export function nameOf({ pod, containerID, ifname, network }: Omit<Attachment, 'namespace'>): string {
  return `${pod === '' ? '' : `${pod} `}(${containerID} ${ifname}, network ${network})`
}

export function listedName({ note, id }: Listed): string {
  return note ? nameOf(note) : `(attachment ${id})`
}
