import type { Machine } from '../backend'
import type { BaseChain } from './base-chain'
import type { Outcome } from './carrier'

/**
 * All base chains of this network namespace. This also shows whether nf_tables answers at all; `by` names who was asked.
 * Rules are not read, because there may be tens of thousands.
 */
export async function readBaseChains(
  machine: Machine,
): Promise<Outcome<readonly BaseChain[]> & { readonly by: 'netlink' | 'nft' }> {
  const { ownSession } = await import('./netlink/own-session')
  const session = ownSession()
  if (session) {
    const { readBaseChains: read } = await import('./netlink/base-chains')
    return { ...read(session), by: 'netlink' }
  }
  const [{ listBaseChains }, { run }] = await Promise.all([import('./text/base-chains'), machine()])
  return { ...listBaseChains((args, input) => run('nft', args, input)), by: 'nft' }
}
