import type { CniError } from '../../cni/error'
import type { Listed, Wanted } from '../backend'
import { attachmentId } from '../identity'
import { doesNotWork, UnusableError } from '../tolerances'
import { errorOfBoth } from './choose'
import { isMark } from './list'
import type { Place } from './place'

/** A place, and what a sync found there. */
export interface Inventory {
  readonly place: Place
  /** The rules of each attachment there, by its ID. */
  readonly listed: ReadonlyMap<string, Listed>
  /** Why the place can have no rules. */
  readonly unusable?: CniError
}

/** The inventory of a place that is known to have nothing, so that it is not asked. */
export function emptyInventory(place: Place): Inventory {
  return { place, listed: new Map() }
}

export async function takeInventory(place: Place): Promise<Inventory> {
  try {
    const listed = await place.list()
    return { place, listed: byId(listed.filter((one) => !isMark(one))) }
  } catch (error) {
    if (!doesNotWork(error)) throw error
    return { place, listed: new Map(), unusable: error }
  }
}

/** Attachments by ID. Several kinds of iptables may have the same one. */
function byId(listed: readonly Listed[]): Map<string, Listed> {
  const all = new Map<string, Listed>()
  for (const one of listed) {
    const addresses = [...(all.get(one.id)?.addresses ?? []), ...one.addresses]
    all.set(one.id, { ...one, addresses })
  }
  return all
}

interface Inventories {
  readonly nftables: Inventory
  readonly iptables: Inventory
}

/** Throws where nothing can be done: if no place can be used, or not the one that all attachments belong in. */
export function requireUsable(found: Inventories, wanted: readonly Wanted[]): void {
  const { nftables, iptables } = found
  if (nftables.unusable && iptables.unusable) throw errorOfBoth(nftables.unusable, iptables.unusable)
  for (const one of [nftables, iptables]) {
    const isAll = wanted.length > 0 && wanted.every((w) => inventoryFor(w, found) === one)
    if (isAll && one.unusable) throw one.unusable
  }
}

/** The place in which an attachment belongs. */
export function inventoryFor({ backend, attachment, isFallback }: Wanted, found: Inventories): Inventory {
  const { nftables, iptables } = found
  const id = attachmentId(attachment)
  const isOnlyThere = nftables.unusable !== undefined && iptables.listed.has(id)
  if (isFallback && nftables.listed.has(id) !== iptables.listed.has(id))
    return nftables.listed.has(id) ? nftables : iptables
  // An nft that refuses to look may do so only now. Only an ADD puts rules elsewhere for that reason.
  if (backend === 'auto')
    return nftables.unusable instanceof UnusableError || isOnlyThere ? iptables : nftables
  return found[backend]
}
