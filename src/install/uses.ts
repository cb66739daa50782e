import type { Listed } from '../backend/backend'
import { attachmentId } from '../backend/identity'
import type { Attachment } from '../cni/attachment'
import type { CachedAttachment } from '../cni/result-cache'
import type { Judgement } from '../sync/prune'
import { isNamedInConfig } from './nested-plugins'

/** A reason why the executable is still needed: an attachment whose DEL will call it, or a file that may describe one. */
export interface Use {
  readonly attachment?: Pick<Attachment, 'pod' | 'network' | 'containerID' | 'ifname'>
  /** A cache file that cannot be read. */
  readonly file?: string
  readonly epochSeconds?: number
  /** The reason, worded to follow a colon. */
  readonly because: string
}

/**
 * Everything that still needs the executable, according to the kernel's rules and the runtimes' caches: each has some
 * attachments that the other lacks. An attachment that is proven gone needs nothing any more.
 */
export function usesOf({ judged, cache }: Pick<Judgement, 'judged' | 'cache'>): Use[] {
  const uses = new Map<string, Use>()
  const gone = new Set<string>()
  for (const { listed, verdict } of judged) {
    if (verdict.is === 'gone') gone.add(listed.id)
    else uses.set(listed.id, useOfRules(listed, verdict.because))
  }
  const files: Use[] = cache.unreadable.map((file) => ({ file, because: 'it cannot be read' }))
  for (const cached of cache.attachments) {
    const id = attachmentId(cached.attachment)
    if (uses.has(id) || gone.has(id)) continue
    const use = useOfEntry(cached)
    if (use) uses.set(id, use)
  }
  return [...uses.values(), ...files]
}

function useOfRules({ note, id }: Listed, because: string): Use {
  const { network = '', containerID = id, ifname = '', pod = '' } = note ?? {}
  return {
    attachment: { network, containerID, ifname, pod },
    ...(note && { epochSeconds: note.epochSeconds }),
    because: `it has rules, and ${because}`,
  }
}

/**
 * The use by a cache entry. An attachment without rules counts too, because a runtime that takes DEL from the cached
 * conflist calls us (CRI-O).
 */
function useOfEntry(cached: CachedAttachment): Use | undefined {
  const { attachment, file, modified } = cached
  try {
    if (!isNamedInConfig(cached.config.readConflist())) return undefined
  } catch {
    return { file, because: 'the conflist in it cannot be read' }
  }
  return {
    attachment,
    epochSeconds: modified / 1000,
    because: `the conflist in its cache entry ${file} has ip-masq`,
  }
}

export function renderUse({ attachment, file, epochSeconds, because }: Use): string {
  if (!attachment)
    return `perhaps in use: ${file === undefined ? '' : `the cache file ${file} may describe an attachment, and `}${because}`
  const { pod, containerID, ifname, network } = attachment
  const whose = `${containerID}${ifname && ` ${ifname}`}${network && `, network ${network}`}`
  const since = epochSeconds === undefined ? '' : ` since ${timeOf(epochSeconds)}`
  return `in use by ${pod === '' ? whose : `${pod} (${whose})`}${since}: ${because}`
}

function timeOf(epochSeconds: number): string {
  const time = new Date(epochSeconds * 1000)
  return Number.isNaN(time.getTime()) ? 'an unknown time' : `${time.toISOString().slice(0, 19)}Z`
}
