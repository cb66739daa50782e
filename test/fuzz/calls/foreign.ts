import type { Lane, LaneKind } from './lane'

/** Rules of others, which nothing of ours may touch: a table of theirs, and chains as bridge and kube-proxy make them. */

const NFT = `nft -f - <<'EOF'
table inet foreign
delete table inet foreign
table inet foreign {
  set some { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.0.2.0/24 }; }
  map owners { type ipv6_addr : ipv6_addr; elements = { ::1 : ::2 }; }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 203.0.113.9 ip daddr != @some masquerade
  }
}
EOF`

function chains(kind: LaneKind): string {
  const flavour = kind.firewall === 'iptables-legacy' ? 'legacy' : 'nft'
  return ['iptables', 'ip6tables']
    .map((tool) => {
      const source = tool === 'iptables' ? '203.0.113.9/32' : '2001:db8:f::9/128'
      return `${tool}-${flavour}-restore --noflush <<'EOF'
*nat
:CNI-0123456789abcdef01234567 - [0:0]
:KUBE-FOREIGN - [0:0]
-A CNI-0123456789abcdef01234567 -j MASQUERADE
-A KUBE-FOREIGN -m mark --mark 0x4000/0x4000 -j MASQUERADE
-A POSTROUTING -s ${source} -j CNI-0123456789abcdef01234567
-A POSTROUTING -s ${source} -j KUBE-FOREIGN
COMMIT
EOF`
    })
    .join('\n')
}

export async function plantForeign(lane: Lane): Promise<void> {
  await lane.sh(`${NFT}\n${chains(lane.kind)}`)
}
