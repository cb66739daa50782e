import { readSystemFile } from '#system/proc'
import type { Host, Tools } from '../backend/backend'
import type { BaseChain } from '../backend/nftables/base-chain'
import type { Flow } from './conditions'
import { readIptables } from './iptables'
import type { Foreign } from './model'
import { readNft } from './nft'

export interface ForeignOptions {
  /** Rules that this flow does not come to may be left out. */
  readonly wanted?: Flow
  /** All base chains of nf_tables, if the kernel named them without a tool. Then no tool is started in vain. */
  readonly chains?: readonly BaseChain[]
}

/** Reads the source NAT of others on this node, in nftables and in every kind of iptables. Nothing is changed. */
export function readForeign(run: Tools, host: Host, { wanted, chains }: ForeignOptions = {}): Foreign {
  const others = chains?.filter((chain) => isSourceNat(chain) && !isOurs(chain))
  const hasLegacy = [...host.legacyTables('ip'), ...host.legacyTables('ip6')].includes('nat')
  if (others?.length === 0 && !hasLegacy) return { hooks: [], unseen: unseenOfCilium() }
  const iptables = readIptables(run, host, wanted)
  // The rules of iptables-nft are there, and nft cannot print all of them.
  const isRead = (table: string, chain: string) =>
    chain === 'POSTROUTING' && iptables.tablesOfNft.includes(table)
  const isAllRead = others?.every(({ family, table, name }) => isRead(`${family} ${table}`, name)) ?? false
  // The chains of a dormant table are not hooked.
  const isHooked = (table: string, chain: string) =>
    others?.some((one) => `${one.family} ${one.table}` === table && one.name === chain) ?? true
  const isSkipped = (table: string, chain: string) => isRead(table, chain) || !isHooked(table, chain)
  const nft = isAllRead ? NOTHING : readWithNft(run, host, isSkipped)
  return {
    hooks: [...nft.hooks, ...iptables.hooks],
    unseen: [...nft.unseen, ...iptables.unseen, ...unseenOfCilium()],
  }
}

function isSourceNat({ type, hook }: BaseChain): boolean {
  return type === 'nat' && hook === 'postrouting'
}

function isOurs({ family, table }: BaseChain): boolean {
  return family === 'inet' && table === 'ip-masq'
}

function readWithNft(run: Tools, host: Host, isSkipped: (table: string, chain: string) => boolean): Foreign {
  if ('tried' in host.findTool('nft')) return NO_NFT
  return readNft(
    (args, input) => run('nft', args, input),
    ({ table, chain }) => isSkipped(table, chain),
  )
}

const NOTHING: Foreign = { hooks: [], unseen: [] }

const NO_NFT: Foreign = {
  hooks: [],
  unseen: ["others' rules in nftables: there is no nft to list them with; install nftables"],
}

/** Looks for Cilium's own interface, which it makes on every node. */
export function unseenOfCilium(): string[] {
  const hasInterface = /^\s*cilium_host:/m.test(readSystemFile('/proc/net/dev') ?? '')
  return hasInterface
    ? ['Cilium is on this node. Its masquerade in BPF is in no rule; see cilium-dbg status --verbose']
    : []
}
