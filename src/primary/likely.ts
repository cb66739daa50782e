import type { Host } from '../backend/backend'
import type { LegacyTables } from '../backend/iptables/kinds'
import type { Variant } from '../backend/iptables/tool'
import { NFPROTO } from '../backend/nftables/netlink/protocol'
import { createSession } from '../backend/nftables/netlink/session'
import { openSocket } from '../backend/nftables/netlink/socket'
import { hasTable } from '../backend/nftables/netlink/tables'
import type { Family } from '../policy/address'
import type { PrimaryFirewall } from './firewall'
import { iptablesFirewalls } from './iptables'
import { nftablesFirewall, TABLE_NAME } from './nftables'

type ToolProcess = Parameters<typeof iptablesFirewalls>[0]

/**
 * The places whose tables exist. CRI-O calls CHECK for every pod when it starts, and on most nodes this asks the kernel
 * three questions, and starts no process.
 */
export async function likelyFirewalls(run: ToolProcess, host: Host): Promise<readonly PrimaryFirewall[]> {
  const [ip, ip6] = await Promise.all([host.legacyTables('ip'), host.legacyTables('ip6')])
  const legacy = { ip, ip6 }
  const { mayHave, close } = askKernel()
  const nat = { ip: mayHave(NFPROTO.ip, 'nat'), ip6: mayHave(NFPROTO.ip6, 'nat') }
  const hasOwnTable = mayHave(NFPROTO.inet, TABLE_NAME)
  close()
  const mayHaveRules = (variant: Variant, family: Family) =>
    (variant !== '-legacy' && nat[family]) || (variant !== '-nft' && hasNat(legacy, family))
  const isAny = nat.ip || nat.ip6 || hasNat(legacy, 'ip') || hasNat(legacy, 'ip6')
  return [
    ...(isAny ? iptablesFirewalls(run, host, { legacyTables: legacy, mayHaveRules }) : []),
    ...(hasOwnTable ? nftablesFirewall((args, input) => run('nft', args, input), host) : []),
  ]
}

function hasNat(tables: LegacyTables, family: Family): boolean {
  return tables[family].includes('nat')
}

/** Where the kernel cannot be asked, or does not say, there may be any table. */
function askKernel() {
  const socket = openSocket()
  if (!socket) return { mayHave: () => true, close() {} }
  const session = createSession(socket, () => undefined)
  return {
    mayHave(family: number, name: string): boolean {
      const outcome = hasTable(session, family, name)
      return outcome.ok ? outcome.value : outcome.failure !== 'unsupported'
    },
    close: () => socket.close(),
  }
}
