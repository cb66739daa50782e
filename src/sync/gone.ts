import type { Listed, ListedNote } from '../backend/backend'
import { attachmentId, networkDigest } from '../backend/identity'
import type { CachedName, ResultCache } from '../cni/result-cache'
import { attachmentsNamed } from '../cni/unreadable-file'
import type { Address } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import { once } from '../system/once'
import { idOf } from './attachment-ids'
import { lookAtNamespaces, type Sight } from './namespaces'
import { isPlainFile, type NetnsTest, netnsTest } from './netns'

/**
 * The judgement about an attachment that has rules.
 *
 * known    a result cache has it
 * alive    no cache has it, but its network namespace exists, or some namespace has its address
 * gone     proven: nothing uses its address any more
 * unknown  nothing of this can be shown: it keeps its rules, and is reported
 */
export interface Verdict {
  readonly is: 'known' | 'alive' | 'gone' | 'unknown'
  /** The reason, worded to follow a colon. */
  readonly because: string
  /** Gone only if the result caches that we read belong to this node's runtimes. */
  readonly restsOnCache?: boolean
  /**
   * No cache has it, but its ADD may still be under way, or its rules were just restored and may be about to be removed
   * again.
   */
  readonly isInFlight?: boolean
}

export interface Evidence {
  readonly cache: ResultCache
  /** The time now, since the boot. The time of day may jump; rules do not outlive a boot. */
  readonly bootSeconds: number
  /** How long the ADD of an attachment that no cache has may be under way. */
  readonly graceSeconds: number
  /** The path of a namespace that does not count, because it is the namespace of the pod that is being added. */
  readonly except?: string | undefined
  /** The test that was used for the cache; absent: a new one. */
  readonly isNetnsGone?: NetnsTest
}

/**
 * Judges attachments in the kernel. An attachment is gone when its recorded network namespace no longer exists, or when a
 * cache that had it has it no more and no namespace on the node has its address. An attachment that is in no cache is not
 * proven gone: runtimes keep their caches in many places, and a cache may be wiped while its pods run.
 */
export function judge(evidence: Evidence): (listed: Listed) => Verdict {
  const { cache, except } = evidence
  const entries = entriesById(cache)
  const torn = new Set(cache.unreadable.flatMap(attachmentsNamed).map(attachmentId))
  const { isNetnsGone = netnsTest() } = evidence
  const all = { ...evidence, isNetnsGone }
  const look = once(() => lookAtNamespaces(except))
  const networks = once(() => networkDigests(cache))
  return (listed) => {
    const { id, note } = listed
    const own = entries.get(id) ?? NO_ENTRIES
    const netns = goneNamespace(own, note, all)
    if (netns !== undefined) return { is: 'gone', because: `its network namespace ${netns} no longer exists` }
    if (own.length > 0) return KNOWN
    if (torn.has(id)) return { is: 'known', because: 'a cache file that cannot be read may be its entry' }
    const isInFlight = note?.bootSeconds !== undefined && isAdded(note) && isYoung(note, evidence)
    if (note?.netns !== undefined && isPlainFile(note.netns)) {
      const because = `a plain file is at the path of its network namespace ${note.netns}, perhaps because this process does not see the mount`
      return { is: 'unknown', because, isInFlight }
    }
    if (note?.netns !== undefined)
      return { is: 'alive', because: 'its network namespace still exists', isInFlight }
    const verdict = judgeWithoutEntry(listed, { ...evidence, look, networks })
    return {
      ...verdict,
      isInFlight: isInFlight || (verdict.is === 'unknown' && isJustRestored(note, evidence)),
    }
  }
}

const NO_ENTRIES: readonly CachedName[] = []
/** The verdict on nearly every attachment. */
const KNOWN: Verdict = { is: 'known', because: 'a result cache has it' }

function entriesById({ attachments, gone }: ResultCache): Map<string, CachedName[]> {
  const entries = new Map<string, CachedName[]>()
  for (const list of [attachments, gone]) {
    for (const cached of list) {
      const id = idOf(cached.attachment)
      const others = entries.get(id)
      if (others) others.push(cached)
      else entries.set(id, [cached])
    }
  }
  return entries
}

/** The recorded namespace, if it is gone: the one in the note, else the one in the cache entries. */
function goneNamespace(
  entries: readonly CachedName[],
  note: ListedNote | undefined,
  evidence: Evidence & { readonly isNetnsGone: NetnsTest },
): string | undefined {
  const { isNetnsGone } = evidence
  if (note?.netns !== undefined)
    return isNetnsGone(note.netns, bootTimeOf(note, evidence.bootSeconds)) ? note.netns : undefined
  const [first] = entries
  const areGone = entries.every(({ netns }) => netns !== undefined && isNetnsGone(netns))
  return areGone && entries.some((entry) => isOf(entry, note, evidence)) ? first?.netns : undefined
}

/**
 * Whether an entry is about the existing rules, and not about an earlier container with the same ID. The rules may come
 * from an ADD that is under way, whose own entry is written later.
 */
function isOf(entry: CachedName, note: ListedNote | undefined, evidence: Evidence): boolean {
  if (note === undefined) return false
  // The rules were made from an entry.
  if (!isAdded(note)) return true
  if (note.bootSeconds !== undefined) return !isYoung(note, evidence)
  // An older version did not record the time since the boot. Both of these are times of day.
  return note.epochSeconds * 1000 <= entry.modified
}

/** Whether its own ADD wrote the rules; otherwise sync did, from a cache entry. */
function isAdded({ origin = 'added' }: ListedNote): boolean {
  return origin === 'added'
}

/**
 * Whether the rules were just restored. Whoever restores rules looks for DELs afterwards, and may be about to remove
 * these again.
 */
function isJustRestored(note: ListedNote | undefined, evidence: Evidence): boolean {
  return note?.origin === 'restored' && note.bootSeconds !== undefined && isYoung(note, evidence)
}

/** Whether its ADD may still be under way. Where the age is unknown, it may be. */
function isYoung(
  note: ListedNote | undefined,
  { bootSeconds, graceSeconds }: Pick<Evidence, 'bootSeconds' | 'graceSeconds'>,
): boolean {
  const time = bootTimeOf(note, bootSeconds)
  return time === undefined || time + graceSeconds > bootSeconds
}

/** The time of the ADD. A time in the future cannot be one of this boot, and means nothing. */
function bootTimeOf(note: ListedNote | undefined, now: number): number | undefined {
  const time = note?.bootSeconds
  return time !== undefined && time <= now ? time : undefined
}

interface Circumstances extends Evidence {
  readonly look: () => Sight
  readonly networks: () => readonly string[]
}

/** Judges an attachment that no cache has, and whose network namespace nobody recorded. */
function judgeWithoutEntry({ addresses, note }: Listed, circumstances: Circumstances): Verdict {
  const { cache, look, networks, except } = circumstances
  // This is for an ADD that needs the address: its own namespace has it. If all other namespaces can be looked into and none has it,
  // the caches add nothing. (Otherwise rules of an older version, for a network that has another name now, would be kept
  // for good.)
  if (except !== undefined && look().unseen.length === 0 && !hasAny(look(), addresses))
    return { is: 'gone', because: 'no other network namespace has its address' }
  if (note === undefined) return { is: 'unknown', because: 'its rules do not say whose they are' }
  if (!cache.exists) return { is: 'unknown', because: 'there is no result cache' }
  if (hasAny(look(), addresses)) return { is: 'alive', because: 'a network namespace has its address' }
  const gone: Verdict = {
    is: 'gone',
    because: 'its cache entry is gone, and no network namespace has its address',
  }
  const [first] = look().unseen
  // Sync wrote it after it had seen its entry, and its DEL never comes to us. If a namespace cannot be looked into, it
  // may have the address: then the attachment is gone only if its own entry disappeared, and not the whole cache.
  if (note.origin === 'adopted') return first === undefined ? gone : { ...gone, restsOnCache: true }
  if (!wasKnown(note, networks()))
    return { is: 'unknown', because: 'no result cache that was read has attachments of its network' }
  if (isAdded(note) && isYoung(note, circumstances))
    return { is: 'unknown', because: 'its ADD may be under way' }
  return first === undefined
    ? { ...gone, restsOnCache: true }
    : { is: 'unknown', because: `${first} may have its address, and could not be examined` }
}

function hasAny({ addresses: seen }: Sight, addresses: readonly Address[]): boolean {
  return addresses.some((address) => seen.has(formatAddress(address)))
}

/**
 * Whether a cache that was read had it: sync made its rules from an entry, or the runtime keeps its network in that
 * cache.
 */
function wasKnown({ origin, networkDigest: digest }: ListedNote, networks: readonly string[]): boolean {
  // iptables has room for only a part of the digest.
  return origin === 'restored' || (digest !== '' && networks.some((network) => network.startsWith(digest)))
}

function networkDigests({ attachments, gone }: ResultCache): readonly string[] {
  const names = new Set([...attachments, ...gone].map(({ attachment }) => attachment.network))
  return [...names].map(networkDigest)
}
