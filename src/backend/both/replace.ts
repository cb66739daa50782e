import { type CniError, toCniError } from '../../cni/error'
import { formatAddress } from '../../policy/address'
import type { Change, Listed, Replacement, Wanted } from '../backend'
import { holderName } from '../holder-name'
import { attachmentId } from '../identity'
import { DeniedError, doesNotWork, UnusableError } from '../unusable'
import type { Places } from '.'
import { orBoth } from './automatic'
import { look, nothingIn, type Place } from './look'
import { markIfAny, tryToMark } from './mark'
import { takeBack } from './take-back'

/**
 * Sync: each attachment where its config asks for it, then away from the other place, so that no pod is without a rule
 * for a moment. One whose config is only that of its ADD stays where it stands.
 */
export async function replace(
  bothPlaces: Places,
  wanted: readonly Wanted[],
  options: { readonly dryRun: boolean },
): Promise<Replacement> {
  // Before nft's table comes into being: a DEL that found none may have left its tombstone in iptables alone.
  const isIptablesUsed =
    wanted.some(({ setting }) => setting === 'iptables') || (await bothPlaces.mayBeInIptables())
  const places = {
    ...bothPlaces,
    mayBeInIptables: async () => isIptablesUsed || (await bothPlaces.mayBeInIptables()),
  }
  if (options.dryRun) return replaceInBoth(places, wanted, options)
  let replacement: Replacement
  try {
    replacement = await replaceInBoth(places, wanted, options)
  } catch (error) {
    // One family may stand, or both: a tool that was killed may have done its work.
    const changes = wanted.map(({ attachment, addresses }): Change => {
      return { attachment, addresses, what: 'restored' }
    })
    await takeBack(places, { ...NOTHING, changes })
    throw error
  }
  return takeBack(places, replacement)
}

async function replaceInBoth(
  { nft, iptables, mark, mayBeInIptables }: Places,
  wanted: readonly Wanted[],
  options: { readonly dryRun: boolean },
): Promise<Replacement> {
  const places = {
    nft: await look(nft),
    iptables: (await mayBeInIptables()) ? await look(iptables) : nothingIn(iptables),
  }
  const { iptables: there } = places
  if (places.nft.unusable && there.unusable) throw orBoth(places.nft.unusable, there.unusable)
  const work = (place: Place) => ({ wanted: wanted.filter((one) => placeOf(one, places) === place), options })
  for (const place of [places.nft, there]) {
    const isAll = wanted.length > 0 && work(place).wanted.length === wanted.length
    if (isAll && place.unusable) throw place.unusable
  }
  const parts: Replacement[] = []
  try {
    parts.push(await replaceIn(places.nft, there, work(places.nft)))
  } catch (error) {
    // An nft that is too old lists an empty table, and refuses our rules.
    if (!doesNotWork(error) || places.nft.listed.size > 0) throw error
    places.nft = { ...places.nft, unusable: error }
    parts.push(await replaceIn(places.nft, there, work(places.nft)))
  }
  // Nearly always there is nothing, and nothing is wanted.
  if (there.listed.size > 0 || work(there).wanted.length > 0) {
    parts.push(await replaceIn(there, places.nft, work(there)).catch(reportAfter(parts)))
    if (!options.dryRun && !there.unusable) await tryToMark(mark)
  } else if (!options.dryRun && parts.some(({ repairs }) => repairs.length > 0)) {
    // nft's table, which may have come into being, or have lost its mark.
    await markIfAny({ iptables, mark })
  }
  return { ...mergeReplacements(parts), unseen: unseenIn(there, wanted) }
}

/** Not asked for there, they may stand there since a config that did; a DEL that may look will find them. */
function unseenIn({ unusable }: Place, wanted: readonly Wanted[]): readonly string[] {
  if (!(unusable instanceof DeniedError) || wanted.length === 0) return []
  return [`whether iptables has rules of these attachments too is not known: ${messageOf(unusable)}`]
}

/** What the first place has done is reported, whatever becomes of the second; where it did nothing, there is the error. */
function reportAfter(parts: readonly Replacement[]): (error: unknown) => Replacement {
  return (error) => {
    if (!parts.some(({ changes, repairs }) => changes.length + repairs.length > 0)) throw error
    return { ...NOTHING, unrepaired: [messageOf(error)] }
  }
}

function messageOf(error: unknown): string {
  const { message, details } = toCniError(error)
  return `${message}${details && `: ${details}`}`
}

function placeOf(
  { setting, attachment, isFallback }: Wanted,
  places: { nft: Place; iptables: Place },
): Place {
  const { nft, iptables } = places
  const id = attachmentId(attachment)
  const isOnlyThere = nft.unusable !== undefined && iptables.listed.has(id)
  if (isFallback && nft.listed.has(id) !== iptables.listed.has(id)) return nft.listed.has(id) ? nft : iptables
  // An nft that refuses to look may only do so now: what is to go elsewhere for that is for ADDs.
  if (setting === 'auto') return nft.unusable instanceof UnusableError || isOnlyThere ? iptables : nft
  return setting === 'nftables' ? nft : iptables
}

interface Work {
  readonly wanted: readonly Wanted[]
  readonly options: { readonly dryRun: boolean }
}

/** The part of those that belong in one place. */
async function replaceIn(place: Place, other: Place, { wanted, options }: Work): Promise<Replacement> {
  if (place.unusable) {
    return { ...NOTHING, unrepaired: wanted.length > 0 ? [whyNot(place.unusable, wanted)] : [] }
  }
  const { free, held } = heldElsewhere(other, wanted)
  const replacement = await place.backend.replace(free, options)
  const isHeld = (id: string) => replacement.held.some(({ attachment }) => attachmentId(attachment) === id)
  const ids = free.map(({ attachment }) => attachmentId(attachment))
  const leaving = new Set(ids.filter((id) => other.listed.has(id) && !isHeld(id)))
  const failures = options.dryRun ? [] : await leave(other, leaving)
  const known = new Set(replacement.changes.map(({ attachment }) => attachmentId(attachment)))
  // One that stood in both places has changed by leaving one.
  const left = free.filter(
    ({ attachment }) => leaving.has(attachmentId(attachment)) && !known.has(attachmentId(attachment)),
  )
  return {
    ...replacement,
    changes: [
      ...replacement.changes.map(
        (change): Change =>
          leaving.has(attachmentId(change.attachment)) ? { ...change, what: 'changed' } : change,
      ),
      ...left.map(({ attachment, addresses }): Change => ({ attachment, addresses, what: 'changed' })),
    ],
    held: [...held, ...replacement.held],
    unrepaired: [...replacement.unrepaired, ...failures],
  }
}

const NOTHING: Replacement = { changes: [], held: [], repairs: [], unrepaired: [], script: '' }

function whyNot(error: CniError, wanted: readonly Wanted[]): string {
  const networks = [...new Set(wanted.map(({ attachment }) => attachment.network))].join(', ')
  return `network ${networks}: ${messageOf(error)}`
}

/** Leaves out addresses that another attachment holds in the other place: a live owner is never replaced. */
function heldElsewhere(other: Place, wanted: readonly Wanted[]) {
  const holders = new Map<string, Listed>()
  for (const one of other.listed.values()) {
    for (const address of one.addresses) holders.set(formatAddress(address), one)
  }
  const held: Replacement['held'][number][] = []
  const free = wanted.map((one): Wanted => {
    const id = attachmentId(one.attachment)
    const addresses = one.addresses.filter((address) => {
      const holder = holders.get(formatAddress(address))
      if (!holder || holder.id === id) return true
      held.push({ attachment: one.attachment, address, holder: holderName(holder.note) })
      return false
    })
    return { ...one, addresses }
  })
  return { free, held }
}

/** Takes attachments out of a place that stand in the other now; what could not be taken away, a line each. */
async function leave({ backend }: Place, ids: ReadonlySet<string>): Promise<readonly string[]> {
  if (ids.size === 0) return []
  try {
    return (await backend.prune(({ id }) => ids.has(id), { dryRun: false })).failures
  } catch (error) {
    // Their new rules stand, and a sync may be repeated.
    return [messageOf(error)]
  }
}

function mergeReplacements(parts: readonly Replacement[]): Replacement {
  return {
    changes: parts.flatMap(({ changes }) => changes),
    held: parts.flatMap(({ held }) => held),
    repairs: parts.flatMap(({ repairs }) => repairs),
    unrepaired: parts.flatMap(({ unrepaired }) => unrepaired),
    gone: parts.flatMap(({ gone = [] }) => gone),
    script: parts.map(({ script }) => script).join(''),
  }
}
