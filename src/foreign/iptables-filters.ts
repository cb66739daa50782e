import type { Host } from '../backend/backend'
import { isLegacyTool } from '../backend/iptables/kinds'
import type { ToolProcess, Variant } from '../backend/iptables/tool'
import type { BaseChain } from '../backend/nftables/base-chain'
import type { Flow } from './conditions'
import { readChains } from './iptables-chains'
import type { FilterHook, FilterHookName, ForeignFilters } from './model'

/**
 * The base chains in which iptables may stop a forwarded packet, or keep it from being tracked, in their order. The
 * priorities are those of iptables-legacy; iptables-nft gives its security table another one.
 */
const BASES: readonly {
  readonly table: string
  readonly chain: string
  readonly hook: FilterHookName
  readonly priority: number
}[] = [
  { table: 'raw', chain: 'PREROUTING', hook: 'prerouting', priority: -300 },
  { table: 'mangle', chain: 'PREROUTING', hook: 'prerouting', priority: -150 },
  { table: 'mangle', chain: 'FORWARD', hook: 'forward', priority: -150 },
  { table: 'filter', chain: 'FORWARD', hook: 'forward', priority: 0 },
  { table: 'security', chain: 'FORWARD', hook: 'forward', priority: 50 },
  { table: 'mangle', chain: 'POSTROUTING', hook: 'postrouting', priority: -150 },
]

interface Read extends ForeignFilters {
  /** The base chains that iptables-nft made in nf_tables and that were read, as in `ip filter FORWARD`. */
  readonly chainsOfNft: readonly string[]
}

/** `chains`: all base chains of nf_tables. Only what exists is listed, because listing a table creates it. */
export function readIptablesFilters(
  run: ToolProcess,
  host: Host,
  { wanted, chains }: { readonly wanted: Flow; readonly chains: readonly BaseChain[] },
): Read {
  const { family } = wanted.source
  const hooks: FilterHook[] = []
  const [unseen, chainsOfNft]: [Set<string>, string[]] = [new Set(), []]
  const legacyTables = host.legacyTables(family)
  const { nft, legacy } = variants(run, host)
  const readOne = (variant: Variant, { table, chain, hook, priority }: (typeof BASES)[number]) => {
    const read = readChains({ run, variant }, { family, table, chain }, wanted)
    if ('unseen' in read) {
      if (read.unseen !== undefined) unseen.add(read.unseen)
      return
    }
    const place = `iptables${variant}`
    hooks.push({
      ...{ place, table: `${family} ${table}`, chain, families: [family], hook, priority },
      ...{ chains: read.chains, policy: read.policy },
    })
  }
  for (const base of BASES) {
    const { table, chain } = base
    const ofNft = chains.find((one) => one.family === family && one.table === table && one.name === chain)
    if (ofNft && nft !== undefined) {
      readOne(nft, { ...base, priority: ofNft.priority })
      chainsOfNft.push(`${family} ${table} ${chain}`)
    }
    if (!legacyTables.includes(table)) continue
    if (legacy !== undefined) readOne(legacy, base)
    else unseen.add(`table ${table} of iptables (legacy): there is no iptables-legacy to list it with`)
  }
  return { hooks, unseen: [...unseen], chainsOfNft }
}

/** Finds the tool of each kind, if there is one. */
function variants(run: ToolProcess, host: Host): { nft: Variant | undefined; legacy: Variant | undefined } {
  const has = (variant: Variant) => 'file' in host.findTool(`iptables${variant}`)
  const plain = has('') ? (isLegacyTool(run, host) ? 'legacy' : 'nft') : undefined
  return {
    nft: has('-nft') ? '-nft' : plain === 'nft' ? '' : undefined,
    legacy: has('-legacy') ? '-legacy' : plain === 'legacy' ? '' : undefined,
  }
}
