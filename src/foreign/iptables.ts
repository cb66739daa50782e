import type { Host } from '../backend/backend'
import { isLegacyTool, kindsOf } from '../backend/iptables/kinds'
import type { Iptables, ToolProcess } from '../backend/iptables/tool'
import { FAMILY_NAMES, type Family } from '../policy/address'
import type { Flow } from './conditions'
import { readChains } from './iptables-chains'
import { type Foreign, type ForeignHook, hasRules } from './model'

const POSTROUTING = 'POSTROUTING'

/** NF_IP_PRI_NAT_SRC, the priority at which every nat table's POSTROUTING is hooked. */
const PRIORITY = 100

export interface ForeignIptables extends Foreign {
  /** The tables that iptables-nft made in nf_tables and that were read, as in `ip nat`. */
  readonly tablesOfNft: readonly string[]
}

/** If `wanted` is given, chains to which this flow does not come are not read. */
export function readIptables(run: ToolProcess, host: Host, wanted?: Flow): ForeignIptables {
  const legacyTables = { ip: host.legacyTables('ip'), ip6: host.legacyTables('ip6') }
  const { candidates } = kindsOf(run, host, legacyTables)
  const found = candidates.flatMap((kind) =>
    FAMILY_NAMES.filter((family) => wanted === undefined || wanted.source.family === family).map((family) =>
      readHook(kind, family, wanted),
    ),
  )
  const hooks = found.flatMap(({ hook }) => hook ?? [])
  const isOfNft = ({ place }: ForeignHook) =>
    place === 'iptables-nft' || (place === 'iptables' && !isLegacyTool(run, host))
  return {
    hooks: hooks.filter(hasRules),
    tablesOfNft: hooks.filter(isOfNft).map(({ table }) => table),
    unseen: found.flatMap(({ unseen }) => unseen ?? []),
  }
}

interface Read {
  readonly hook?: ForeignHook
  readonly unseen?: string
}

function readHook(kind: Iptables, family: Family, wanted: Flow | undefined): Read {
  if (!kind.mayHaveRules(family)) return {}
  const read = readChains(kind, { family, table: 'nat', chain: POSTROUTING }, wanted)
  if ('unseen' in read) return read.unseen === undefined ? {} : { unseen: read.unseen }
  const place = `iptables${kind.variant}`
  const { chains } = read
  const table = `${family} nat`
  return { hook: { place, table, chain: POSTROUTING, families: [family], priority: PRIORITY, chains } }
}
