import { spawnSync } from 'node:child_process'
import { hostOf } from '../../src/backend/host'
import { readForeign } from '../../src/foreign'
import type { Flow } from '../../src/foreign/conditions'
import type { Foreign } from '../../src/foreign/model'
import type { Namespace } from './namespace'

/** What `src/foreign` finds in a namespace, over the real tools; this process's own tables are another's. */
export function foreignIn(
  node: Namespace,
  { wanted, legacy = [] }: { wanted?: Flow; legacy?: string[] } = {},
): Foreign {
  const run = (tool: string, args: readonly string[], input: string) => {
    const line = ['netns', 'exec', node.name, tool, ...args]
    const { status, stdout, stderr } = spawnSync('ip', line, { input, encoding: 'utf8' })
    return { outcome: 'exited' as const, status: status ?? 1, stdout, stderr }
  }
  const host = { ...hostOf(process.env.PATH), mayHaveTable: () => true, legacyTables: () => legacy }
  return readForeign(run, host, wanted ? { wanted } : {})
}

/** Rules as their owners write them: shell lines for the node of `site.ts`, whose pods have 10.244.1.0/24. */
export const OTHERS = {
  flannelNft: `nft -f - <<< 'table ip flannel-ipv4 {
    chain postrtg {
      type nat hook postrouting priority srcnat; policy accept;
      meta mark 0x00004000 return
      ip saddr 10.244.1.0/24 ip daddr 10.244.0.0/16 return
      ip saddr 10.244.0.0/16 ip daddr 10.244.1.0/24 return
      ip saddr != 10.244.1.0/24 ip daddr 10.244.0.0/16 return
      ip saddr 10.244.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random
      ip saddr != 10.244.0.0/16 ip daddr 10.244.0.0/16 masquerade fully-random
    }
    }'`,
  flannel: `iptables -t nat -N FLANNEL-POSTRTG
    iptables -t nat -I POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
    add() { iptables -t nat -A FLANNEL-POSTRTG "$@"; }
    add -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
    add -s 10.244.1.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
    add ! -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
    add -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully`,
  kubeProxy: `iptables -t nat -N KUBE-POSTROUTING
    iptables -t nat -A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
    iptables -t nat -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
    iptables -t nat -A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
    iptables -t nat -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully`,
  kubeProxyNft: `nft -f - <<< 'table ip kube-proxy {
    chain nat-postrouting { type nat hook postrouting priority srcnat; jump masquerading; }
    chain masquerading { mark & 0x4000 == 0 return; mark set mark xor 0x4000; masquerade fully-random; }
    }'`,
  docker: `iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
    iptables -t nat -A POSTROUTING -s 10.244.1.0/24 ! -o br-0123456789ab -j MASQUERADE`,
  dockerNft: `nft -f - <<< 'table ip docker-bridges {
    map nat-postrouting-out-jumps { type ifname : verdict; }
    chain nat-postrouting-out__pod { oifname != "pod" ip saddr 10.244.1.0/24 counter masquerade comment "MASQUERADE"; }
    chain nat-POSTROUTING { type nat hook postrouting priority srcnat; iifname vmap @nat-postrouting-out-jumps; }
    }
    add element ip docker-bridges nat-postrouting-out-jumps { "pod" : jump nat-postrouting-out__pod }'`,
  agent: `iptables -t nat -N IP-MASQ
    iptables -t nat -A POSTROUTING -m comment --comment "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ chain" -m addrtype ! --dst-type LOCAL -j IP-MASQ
    for range in 169.254.0.0/16 10.0.0.0/8 192.168.0.0/16; do
      iptables -t nat -A IP-MASQ -d $range -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -j RETURN
    done
    iptables -t nat -A IP-MASQ -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE`,
  bridge: `iptables -t nat -N CNI-0123456789abcdef01234567
    iptables -t nat -A POSTROUTING -s 10.244.1.7/32 -m comment --comment 'name: "pods" id: "c1"' -j CNI-0123456789abcdef01234567
    iptables -t nat -A CNI-0123456789abcdef01234567 -d 10.244.1.0/24 -m comment --comment 'name: "pods" id: "c1"' -j ACCEPT
    iptables -t nat -A CNI-0123456789abcdef01234567 ! -d 224.0.0.0/4 -m comment --comment 'name: "pods" id: "c1"' -j MASQUERADE`,
  bridgeNft: `nft -f - <<< 'table inet cni_plugins_masquerade {
    chain masq_checks { ip saddr 10.244.1.7 ip daddr != 10.244.1.0/24 masquerade comment "0123456789abcdef-0123456789abcdef, net: pods, if: eth0, id: c1"; }
    chain postrouting { type nat hook postrouting priority srcnat; ip daddr 224.0.0.0/4 return; goto masq_checks; }
    }'`,
  cilium: `iptables -t nat -N CILIUM_POST_nat
    iptables -t nat -A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_nat" -j CILIUM_POST_nat
    iptables -t nat -A CILIUM_POST_nat -s 10.244.1.0/24 ! -d 10.244.0.0/16 ! -o cilium_+ -m comment --comment "cilium masquerade non-cluster" -j MASQUERADE`,
  kubeVip: `iptables -t mangle -N KUBE-VIP-EGRESS
    iptables -t mangle -I PREROUTING -j KUBE-VIP-EGRESS -m comment --comment "a3ViZS12aXAK=kube-vip-default"
    iptables -t mangle -A KUBE-VIP-EGRESS -s 10.244.1.7 -j MARK --set-mark 64/64
    iptables -t nat -I POSTROUTING 1 -s 10.244.1.7/32 -m mark --mark 64/64 -j SNAT --to-source 198.51.100.77 -m comment --comment "a3ViZS12aXAK=kube-vip-default"`,
  firewalld: `nft -f - <<< 'table inet firewalld {
    chain nat_POSTROUTING { type nat hook postrouting priority srcnat + 10; policy accept; jump nat_POSTROUTING_POLICIES; }
    chain nat_POSTROUTING_POLICIES { oifname "wan" jump nat_POST_public; }
    chain nat_POST_public { jump nat_POST_public_allow; }
    chain nat_POST_public_allow { meta nfproto ipv4 oifname != "lo" masquerade; }
    }'`,
  unknown: `nft -f - <<< 'table ip site-nat {
    chain out { type nat hook postrouting priority 10; ip daddr { 203.0.113.0/24, 192.0.2.0/24 } snat to 198.51.100.78; }
    }'`,
} as const
