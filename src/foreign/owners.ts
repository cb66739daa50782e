/**
 * The owners of rules, by names that they chose: the table's, those of the chains on the way to the rule, and its
 * comment.
 */
const OWNERS: readonly (readonly [RegExp, string])[] = [
  [/^ip6? kube-proxy$|^KUBE-POSTROUTING$/, 'kube-proxy'],
  [/^ip6? flannel-ipv[46]$|^FLANNEL-POSTRTG$|"flanneld masq"/, 'flannel'],
  [/^IP6?-MASQ(-AGENT)?$|"ip-masq-agent: /, 'ip-masq-agent'],
  [/^CILIUM_POST_nat$|^OLD_CILIUM_POST_nat$/, 'Cilium'],
  [/a3ViZS12aXAK=kube-vip/, 'kube-vip'],
  [/^inet cni_plugins_masquerade$|^CNI-[0-9a-f]{24}$|"name: \\?"/, 'bridge or ptp'],
  [/^CNI-HOSTPORT-MASQ$|^inet cni_hostport$/, 'portmap'],
  [/^ip6? docker-bridges$|^DOCKER|! -o (docker0|docker_gwbridge|br-[0-9a-f]{12}) /, 'docker'],
  [/oifname != "(docker0|docker_gwbridge|br-[0-9a-f]{12})"/, 'docker'],
  [/^inet netavark$|^NETAVARK/, 'netavark'],
  [/^(inet|ip6?) firewalld$|^POST(ROUTING)?_(direct|ZONES|policies|[a-z]+)/, 'firewalld'],
  [/^cali-|^ip6? calico$/, 'Calico'],
  [/^ANTREA-/, 'Antrea'],
  [/^AWS-SNAT-CHAIN-|^AWS-CONNMARK-CHAIN-/, 'the Amazon VPC plugin'],
  [/^KUBE-ROUTER-|^ip6? kube-router/, 'kube-router'],
  [/^KUBE-(FORWARD|SERVICES|EXTERNAL-SERVICES|PROXY-FIREWALL|FIREWALL|NODE-PORT)$/, 'kube-proxy'],
  [/^KUBE-POD-FW-|^KUBE-NWPLCY-/, 'kube-router'],
  [/^ufw6?-/, 'ufw'],
  [/^(filter_)?(FORWARD|FWD[IO]?|FWD_)_?(direct|ZONES|IN_ZONES|OUT_ZONES|POLICIES|[a-z]+)/, 'firewalld'],
  [/^WEAVE/, 'Weave Net'],
  [/^ts-(postrouting|forward)$/, 'Tailscale'],
  [/^LIBVIRT_(PRT|FW[XIO])$|^ip6? libvirt_network$/, 'libvirt'],
  [/^inet (lxd|incus)$/, 'LXD or Incus'],
]

/**
 * Returns `unknown` if no name tells. `names` go from the table to the innermost chain; `text` has the rules on the
 * way.
 */
export function ownerOf(names: readonly string[], text: readonly string[]): string {
  const innermost = [...text.toReversed(), ...names.toReversed()]
  for (const name of innermost) {
    const found = OWNERS.find(([pattern]) => pattern.test(name))
    if (found) return found[1]
  }
  return 'unknown'
}
