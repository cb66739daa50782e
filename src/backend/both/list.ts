import { isSameAddress } from '../../policy/address'
import type { Listed, ListOptions } from '../backend'
import { NOWHERE } from '../nftables/elsewhere'
import { UnusableError, unlessUnusable } from '../unusable'
import type { Places } from '.'

/** What `work` gives, or undefined where there is no such tool. One that refuses is an error: it may have rules. */
export async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof UnusableError) return undefined
    throw error
  }
}

/** The attachments of both places; with neither there is nobody to ask, which is an error. */
export async function listBoth(
  { nft, iptables, mayBeInIptables }: Places,
  { isQuick = false, mayLackRefused = false }: ListOptions = {},
): Promise<readonly Listed[]> {
  const unless = mayLackRefused ? unlessUnusable : unlessMissing
  const here = await unless(() => nft.list())
  if (!here) return iptables.list()
  const own = here.filter((one) => !isMark(one))
  if (isQuick && !(await mayBeInIptables())) return own
  return [...own, ...((await unless(() => iptables.list())) ?? [])]
}

/** What `mark` leaves in nft's table looks like an attachment, and is none: nobody's DEL would ever remove it. */
export function isMark({ addresses }: Listed): boolean {
  return addresses.length > 0 && addresses.every((address) => isSameAddress(address, NOWHERE))
}
