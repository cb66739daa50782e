import type { Listed } from '../backend/backend'
import type { Attachment } from '../cni/attachment'
import type { Judged } from './prune'

/** More attachments than this with one reason are counted. */
const MANY = 10

/** How many of them are named then. */
const EXAMPLES = 3

/** What no result cache has, keeps its rules all the same, and why: a line for each, or for many with one reason. */
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

/** The pod where Kubernetes names one, and always what the runtime calls it. */
export function nameOf({ pod, containerID, ifname, network }: Omit<Attachment, 'namespace'>): string {
  return `${pod === '' ? '' : `${pod} `}(${containerID} ${ifname}, network ${network})`
}

export function listedName({ note, id }: Listed): string {
  return note ? nameOf(note) : `(attachment ${id})`
}
