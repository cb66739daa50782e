import type { Host } from '../backend/backend'
import type { ToolProcess } from '../backend/iptables/tool'
import type { PrimaryFirewall } from './firewall'
import { iptablesFirewalls } from './iptables'
import { nftablesFirewall } from './nftables'

/** All places of this machine where the reference plugins may have put rules, whatever our own backend is. */
export async function primaryFirewalls(run: ToolProcess, host: Host): Promise<readonly PrimaryFirewall[]> {
  const [ip, ip6] = [host.legacyTables('ip'), host.legacyTables('ip6')]
  return [
    ...iptablesFirewalls(run, host, { ip, ip6 }),
    ...nftablesFirewall((args, input) => run('nft', args, input), host),
  ]
}
