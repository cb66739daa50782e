import type { LaneKind } from './lane'

/** What others do to our rules on a node, in the words of its firewall. */
export function loseScript(what: 'ruleset' | 'ours' | 'hook', { firewall }: LaneKind): string {
  if (firewall === 'nftables') {
    if (what === 'ruleset') return 'nft flush ruleset'
    const object = what === 'ours' ? 'table inet ip-masq' : 'chain inet ip-masq nat-postrouting'
    return `nft delete ${object} 2>/dev/null || true`
  }
  const kind = firewall === 'iptables-nft' ? 'nft' : 'legacy'
  return ['iptables', 'ip6tables']
    .map((tool) => {
      const nat = `${tool}-${kind} -t nat`
      // One transaction for each family, so that no call meets a half of it.
      if (what === 'ruleset') return `printf '*nat\\nCOMMIT\\n' | ${tool}-${kind}-restore`
      const unhook = `while ${nat} -D POSTROUTING -j IPM-PODS 2>/dev/null; do :; done`
      if (what === 'hook') return unhook
      return `${unhook}
chains=$(${nat} -S | sed -n 's/^-N \\(IPM-.*\\)/\\1/p')
{ echo '*nat'; for c in $chains; do echo "-F $c"; done; for c in $chains; do echo "-X $c"; done; echo COMMIT; } |
  ${tool}-${kind}-restore --noflush`
    })
    .join('\n')
}
