import type { BaseChain } from '../backend/nftables/base-chain'
import { type Finding, ok, warning } from './finding'

/** The place of our chain among those at the hook postrouting, by priority. */

const OWN = { family: 'inet', table: 'ip-masq', name: 'nat-postrouting' } as const

/** The chains of others that may give another source to packets on their way out. */
export function foreignChains(chains: readonly BaseChain[]): readonly BaseChain[] {
  return chains.filter(
    ({ type, hook, table }) => type === 'nat' && hook === 'postrouting' && table !== OWN.table,
  )
}

export function ownChain(chains: readonly BaseChain[]): BaseChain | undefined {
  return chains.find(
    ({ family, table, name }) => family === OWN.family && table === OWN.table && name === OWN.name,
  )
}

export function checkHooks(chains: readonly BaseChain[]): readonly Finding[] {
  const check = 'postrouting-order'
  const own = ownChain(chains)
  // The drift reports a missing chain. A node without pods has no table.
  if (own === undefined) return []
  const others = foreignChains(chains)
  const before = others.filter(({ priority }) => priority <= own.priority)
  const after = others.filter(({ priority }) => priority > own.priority)
  if (before.length === 0) {
    const rest = after.map(describe).join(', ') || 'no other source NAT in nf_tables'
    return [ok(check, `our chain comes first (priority ${own.priority}); after it: ${rest}`)]
  }
  const verb = before.length === 1 ? 'comes' : 'come'
  return [
    warning(check, {
      what: `${before.map(describe).join(', ')} ${verb} before our chain, or together with it (priority ${own.priority})`,
      why: "the first chain that translates a packet decides: where one of these masquerades, exempt destinations see the node's address",
      mend: `look at their rules: ${before.map(({ family, table, name }) => `nft list chain ${family} ${table} ${name}`).join('; ')}`,
    }),
  ]
}

function describe({ family, table, name, priority }: BaseChain): string {
  return `${family} ${table} ${name} (${priority})`
}
