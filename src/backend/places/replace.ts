import type { CniError } from '../../cni/error'
import type { Change, Replacement, Wanted } from '../backend'
import { attachmentId } from '../identity'
import { DeniedError, doesNotWork, ifItWorks } from '../tolerances'
import { heldElsewhere } from './held-elsewhere'
import { emptyInventory, type Inventory, inventoryFor, requireUsable, takeInventory } from './inventory'
import { markIfUsed, tryToMark } from './mark'
import { type Departure, lineOf, moveTo, takeOut } from './move'
import type { Places } from './place'
import { goneFrom, takeBack } from './take-back'

/**
 * Sync: puts each attachment where its config requests it, then removes it from the other place (`move.ts`). An
 * attachment whose only known config is the one of its ADD stays where it is.
 */
export async function replace(
  allPlaces: Places,
  wanted: readonly Wanted[],
  options: { readonly dryRun: boolean },
): Promise<Replacement> {
  // This is read before nft's table comes into being: a DEL that found no table may have left its tombstone in iptables
  // alone.
  const isIptablesUsed =
    wanted.some(({ backend }) => backend === 'iptables') || (await allPlaces.mayBeInIptables())
  const places = {
    ...allPlaces,
    mayBeInIptables: async () => isIptablesUsed || (await allPlaces.mayBeInIptables()),
  }
  if (options.dryRun) return replaceEverywhere(places, wanted, options)
  let replacement: Replacement
  try {
    replacement = await replaceEverywhere(places, wanted, options)
  } catch (error) {
    // One family or both may be installed: a tool that was killed may have done its work.
    const changes = wanted.map(({ attachment, addresses }): Change => {
      return { attachment, addresses, what: 'restored' }
    })
    await takeBack(places, { ...NOTHING, changes })
    throw error
  }
  return takeBack(places, replacement)
}

async function replaceEverywhere(
  places: Places,
  all: readonly Wanted[],
  options: { readonly dryRun: boolean },
): Promise<Replacement> {
  const { nftables, iptables, mark } = places
  const isIptablesUsed = await places.mayBeInIptables()
  const alone = isIptablesUsed ? undefined : await ifItWorks(() => replaceInNftables(places, all, options))
  if (alone) return alone
  const wanted = await withoutGone(places, all)
  const found = {
    nftables: await takeInventory(nftables),
    iptables: isIptablesUsed ? await takeInventory(iptables) : emptyInventory(iptables),
  }
  const { iptables: there } = found
  if (options.dryRun) found.nftables = await tried(places, found, wanted)
  requireUsable(found, wanted)
  const work = (one: Inventory) => ({ wanted: wanted.filter((w) => inventoryFor(w, found) === one), options })
  const parts: Replacement[] = []
  try {
    parts.push(await replaceIn(found.nftables, there, work(found.nftables)))
  } catch (error) {
    // An nft that is too old lists an empty table, and refuses our rules.
    if (!doesNotWork(error) || found.nftables.listed.size > 0) throw error
    found.nftables = { ...found.nftables, unusable: error }
    parts.push(await replaceIn(found.nftables, there, work(found.nftables)))
  }
  // Nearly always the other place has nothing, and nothing is wanted there.
  if (there.listed.size > 0 || work(there).wanted.length > 0) {
    parts.push(await replaceIn(there, found.nftables, work(there)).catch(reportAfter(parts)))
    if (!options.dryRun && !there.unusable) await tryToMark(mark)
  } else if (!options.dryRun && parts.some(({ repairs }) => repairs.length > 0)) {
    // nft's table may have come into being, or have lost its mark.
    await markIfUsed({ iptables, mark })
  }
  return { ...mergeReplacements(parts), unseen: unseenIn(there, wanted) }
}

/**
 * A sync that writes finds out whether the kernel takes the rules of nftables. A dry run tries them only where that
 * matters: pods whose ADD went to iptables would move to nftables. If it is refused, they stay where they are.
 */
async function tried(
  { nftablesRefuses }: Places,
  { nftables, iptables }: { readonly nftables: Inventory; readonly iptables: Inventory },
  wanted: readonly Wanted[],
): Promise<Inventory> {
  if (nftables.unusable || nftables.listed.size > 0) return nftables
  const moving = wanted.filter(
    ({ backend, attachment }) => backend === 'auto' && iptables.listed.has(attachmentId(attachment)),
  )
  if (moving.length === 0) return nftables
  const unusable = await nftablesRefuses([...new Set(moving.map(({ policy }) => policy))])
  return unusable ? { ...nftables, unusable } : nftables
}

/** Sync on nearly every node: nftables finds rules and tombstones in one look. */
async function replaceInNftables(
  { nftables, iptables, mark }: Places,
  wanted: readonly Wanted[],
  options: { readonly dryRun: boolean },
): Promise<Replacement> {
  const replacement = await nftables.replace(wanted, options)
  // The table may have come into being, or have lost its mark.
  if (!options.dryRun && replacement.repairs.length > 0) await markIfUsed({ iptables, mark })
  return replacement
}

/** Leaves out attachments whose DEL left a tombstone, which may be in another place than the wanted rules. */
async function withoutGone(places: Places, wanted: readonly Wanted[]): Promise<readonly Wanted[]> {
  const gone = await goneFrom(places)
  return wanted.filter(({ attachment }) => !gone.has(attachmentId(attachment)))
}

/**
 * A place that cannot be looked at may have rules from a time when the config requested iptables. A DEL that may look
 * finds them.
 */
function unseenIn({ unusable }: Inventory, wanted: readonly Wanted[]): readonly string[] {
  if (!(unusable instanceof DeniedError) || wanted.length === 0) return []
  return [`iptables may also have rules of these attachments: ${lineOf(unusable)}`]
}

/** Reports what the first place has done, whatever becomes of the second. Where it did nothing, the error is thrown. */
function reportAfter(parts: readonly Replacement[]): (error: unknown) => Replacement {
  return (error) => {
    if (!parts.some(({ changes, repairs }) => changes.length + repairs.length > 0)) throw error
    return { ...NOTHING, unrepaired: [lineOf(error)] }
  }
}

interface Work {
  readonly wanted: readonly Wanted[]
  readonly options: { readonly dryRun: boolean }
}

/** Replaces the rules of the attachments that belong in one place. */
async function replaceIn(
  { place, unusable }: Inventory,
  other: Inventory,
  { wanted, options }: Work,
): Promise<Replacement> {
  if (unusable) return { ...NOTHING, unrepaired: wanted.length > 0 ? [whyNot(unusable, wanted)] : [] }
  const { free, held } = heldElsewhere(other, wanted)
  const replacement = await moveTo(place, free, {
    ...options,
    leave: (ids) => leaveListed(other, ids, options),
  })
  return { ...replacement, held: [...held, ...replacement.held] }
}

/** Removes what is listed there; a dry run needs no second look. */
async function leaveListed(
  { place, listed }: Inventory,
  ids: ReadonlySet<string>,
  options: { readonly dryRun: boolean },
): Promise<Departure> {
  const left = new Set([...ids].filter((id) => listed.has(id)))
  if (left.size === 0 || options.dryRun) return { left, failures: [] }
  return { left, failures: (await takeOut(place, left, options)).failures }
}

const NOTHING: Replacement = { changes: [], held: [], repairs: [], unrepaired: [], script: '' }

function whyNot(error: CniError, wanted: readonly Wanted[]): string {
  const networks = [...new Set(wanted.map(({ attachment }) => attachment.network))].join(', ')
  return `network ${networks}: ${lineOf(error)}`
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
