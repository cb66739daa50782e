import { SUPPORTED_VERSIONS } from '../cni/version'
import { VERSION } from '../system/version'
import { ROWS } from './rows'
import { WIDTH, wrapWords } from './table/help-text'

/** The text for an operator who starts the plugin without a runtime. */
export const ABOUT = `ip-masq ${VERSION}: a chained CNI plugin that masquerades each pod's traffic on its
way out of the node, except towards nonMasqueradeCIDRs.
CNI versions: ${SUPPORTED_VERSIONS.join(', ')}.
`

/** `ip-masq --help`, in 80 columns. */
export const OVERVIEW = `${ABOUT}
The container runtime starts it. List it in a conflist under /etc/cni/net.d,
after the plugin that gives the pod its address (bridge, flannel, ptp), whose
own ipMasq is off:

  { "type": "ip-masq", "nonMasqueradeCIDRs": ["10.0.0.0/8", "172.16.0.0/12"] }

Keys, all optional. Which destinations:
  nonMasqueradeCIDRs     destinations that see the pod's own address; []: the
                         built-ins only; default: 10.0.0.0/8, 172.16.0.0/12,
                         192.168.0.0/16, fc00::/7
  nonMasqueradeDefaults  that default: "private" (default), or "reserved"
  masqueradeCIDRs        exceptions to what is exempt; the longest prefix wins
  masqLinkLocal          masquerade towards 169.254.0.0/16 too (default false)
  masqLinkLocalIPv6      masquerade towards fe80::/10 too (default false)
  configFiles            files or globs of ip-masq-agent configs, merged with
                         the lists here
  flannelSubnetFile      true, or the path of flannel's subnet.env: the
                         cluster's networks are exempt
  policies               OutBoundNAT policies as in a Windows node's CNI config
Which pods:
  onlyNamespaces         only pods of these namespaces ("shop", "team-*")
  exceptNamespaces       all pods except those of these namespaces
  onlyPodCIDRs           only pods whose own addresses are in these
  exceptPodCIDRs         all pods except those with addresses in these
  podLists               which lists of single pods count: "runtimeConfig"
                         (default), "args", "both" or "none"
  ipv4, ipv6             masquerade this family at all (default true)
  outInterfaces          only what leaves through these ("eth0", "bond+")
How:
  snatTo                 { "ipv4": ..., "ipv6": ... }: an address or range
                         instead of the interface's
  toPorts                source ports for tcp, udp and sctp, as in
                         "1024-29999,32768-65535"
  randomFully            fully random source ports (default true)
  pinExemptions          exempt flows keep the pod's address, whoever
                         masquerades later (default false)
  repairOnCheck          CHECK restores the rules of a pod that has none
                         (default true)
  backend                "auto", "nftables" or "iptables" (default "auto":
                         nftables where it works)
  ipMasqBackend          the same, as the reference plugins spell it
  carrier                "auto", "netlink" or "nft": how nftables' rules get to
                         the kernel (default "auto")
  logFile                a file for a line of JSON about each call, as in
                         "/var/log/ip-masq.log" (default: none)
Built-in exemptions: the pod's own subnets, link-local, multicast, broadcast.
For one pod: runtimeConfig.nonMasqueradeCIDRs (capability); with podLists also
args.cni.nonMasqueradeCIDRs.

Commands:
${commandLines()}

ip-masq COMMAND --help explains a command; ip-masq --version prints the version.
Rules of this node: ip-masq list, or nft list table inet ip-masq
`

function commandLines(): string {
  const rows = Object.values(ROWS)
  const column = Math.max(...rows.map(({ name }) => name.length)) + 4
  return rows
    .flatMap(({ name, summary }) =>
      wrapWords(summary, WIDTH - column).map((line, i) => (i === 0 ? `  ${name}` : '').padEnd(column) + line),
    )
    .join('\n')
}
