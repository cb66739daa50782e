import { isSameAddress } from '../../policy/address'
import type { Listed, ListOptions } from '../backend'
import { NOWHERE } from '../nftables/elsewhere'
import { ifItWorks, unlessMissing } from '../tolerances'
import type { Places } from './place'

/** The attachments of all places. Having no place to ask is an error. */
export async function list(
  { nftables, iptables, mayBeInIptables }: Places,
  { isQuick = false, mayLackRefused = false }: ListOptions = {},
): Promise<readonly Listed[]> {
  const tolerating = mayLackRefused ? ifItWorks : unlessMissing
  const here = await tolerating(() => nftables.list())
  if (!here) return iptables.list()
  const own = here.filter((one) => !isMark(one))
  if (isQuick && !(await mayBeInIptables())) return own
  return [...own, ...((await tolerating(() => iptables.list())) ?? [])]
}

/**
 * Whether this is the entry that `mark` leaves in nft's table. It looks like an attachment, and no DEL would ever remove
 * it.
 */
export function isMark({ addresses }: Listed): boolean {
  return addresses.length > 0 && addresses.every((address) => isSameAddress(address, NOWHERE))
}
