import type { Host, Tools } from '../backend/backend'
import type { BaseChain } from '../backend/nftables/base-chain'
import type { Flow } from './conditions'
import { readIptablesFilters } from './iptables-filters'
import { type FilterHook, type ForeignFilters, isFilterHook } from './model'
import { readNftFilters } from './nft'

interface Options {
  /** Chains that this flow does not come to may be left out. */
  readonly wanted: Flow
  /** All base chains of nf_tables. */
  readonly chains: readonly BaseChain[]
}

/** Reads the chains on this node that may stop the flow or keep it from being tracked. Nothing is changed. */
export function readFilters(run: Tools, host: Host, { wanted, chains }: Options): ForeignFilters {
  const iptables = readIptablesFilters(run, host, { wanted, chains })
  const isRead = (chain: string) => iptables.chainsOfNft.includes(chain)
  const families = ['inet', wanted.source.family]
  const rest = chains.filter(
    ({ type, hook, family, table, name }) =>
      type === 'filter' &&
      isFilterHook(hook) &&
      families.includes(family) &&
      !isRead(`${family} ${table} ${name}`),
  )
  const isWanted = (chain: string) =>
    rest.some(({ family, table, name }) => chain === `${family} ${table} ${name}`)
  const nft = rest.length === 0 ? NOTHING : readWithNft(run, host, { wanted, isWanted })
  return {
    hooks: [...iptables.hooks, ...nft.hooks].filter(doesAnything),
    unseen: [...iptables.unseen, ...nft.unseen],
  }
}

interface Reading {
  readonly wanted: Flow
  readonly isWanted: (chain: string) => boolean
}

function readWithNft(run: Tools, host: Host, { wanted, isWanted }: Reading): ForeignFilters {
  if ('tried' in host.findTool('nft')) return NO_NFT
  const nft = (args: readonly string[], input: string) => run('nft', args, input)
  return readNftFilters(nft, wanted, ({ table, chain }) => !isWanted(`${table} ${chain}`))
}

function doesAnything({ chain, chains, policy }: FilterHook): boolean {
  return policy === 'drop' || (chains.get(chain) ?? []).length > 0
}

const NOTHING: ForeignFilters = { hooks: [], unseen: [] }

const NO_NFT: ForeignFilters = {
  hooks: [],
  unseen: ['filters in nftables: there is no nft to list them with; install nftables'],
}
