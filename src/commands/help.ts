import { DEFAULT_CACHE_DIR, DEFAULT_CONF_DIR } from '../cni/paths'
import { SUPPORTED_VERSIONS } from '../cni/version'
import { VERSION } from '../system/version'

/** What an operator sees who starts the plugin without a runtime. */
export const ABOUT = `ip-masq ${VERSION}: a chained CNI plugin that masquerades each pod's traffic on its way out of
the node, except towards nonMasqueradeCIDRs. CNI versions: ${SUPPORTED_VERSIONS.join(', ')}.
`

export const HELP = `${ABOUT}
It is started by the container runtime. List it in a conflist under /etc/cni/net.d after the plugin that gives the
pod its address (bridge, flannel, ptp), whose own ipMasq is off:

  { "type": "ip-masq", "nonMasqueradeCIDRs": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] }

Keys (all optional), towards what:
  nonMasqueradeCIDRs     destinations that see the pod's own address; []: the built-ins only
                         default: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7
  nonMasqueradeDefaults  the list that stands without one: "private" (default) or "reserved"
  masqueradeCIDRs        exceptions to what is exempt; the longest prefix decides
  masqLinkLocal          masquerade towards 169.254.0.0/16 too (default false)
  masqLinkLocalIPv6      masquerade towards fe80::/10 too (default false)
  configFiles            files or globs of ip-masq-agent configs, merged with the lists here
  flannelSubnetFile      true, or the path of flannel's subnet.env: the cluster's networks are exempt
  policies               OutBoundNAT policies as in a Windows node's CNI config
Whom:
  onlyNamespaces         only pods of these Kubernetes namespaces ("shop", "team-*")
  exceptNamespaces       all pods but those of these
  onlyPodCIDRs           only pods whose own addresses are in these
  exceptPodCIDRs         all pods but those whose own addresses are in these
  podLists               which lists of single pods count: "runtimeConfig" (default), "args", "both" or "none"
  ipv4, ipv6             masquerade this family at all (default true)
  outInterfaces          only what leaves through these ("eth0", "bond+")
How:
  snatTo                 { "ipv4": ..., "ipv6": ... }: an address or range instead of the interface's
  toPorts                source ports for tcp, udp and sctp, as in "1024-29999,32768-65535"
  randomFully            fully random source ports (default true)
  pinExemptions          exempt flows keep the pod's address, whoever masquerades later (default false)
  repairOnCheck          CHECK restores the rules of a pod that has none (default true)
  backend                "auto", "nftables" or "iptables" (default "auto": nftables where it works)
  ipMasqBackend          the same, as the reference plugins spell it
  carrier                "auto", "netlink" or "nft": how nftables' rules get to the kernel (default "auto")
  logFile                a file for a line of JSON about each call, as in "/var/log/ip-masq.log" (default: none)
Built-in exemptions: the pod's own subnets, link-local, multicast, broadcast.
For one pod: runtimeConfig.nonMasqueradeCIDRs (capability); with podLists also args.cni.nonMasqueradeCIDRs.

Commands:
  sync                 make the rules of all running pods what the conflists ask for now
    --conf-dir DIR     where the conflists are (default ${DEFAULT_CONF_DIR})
    --profile NAME     the conflists' directory of default, k3s, rke2, microk8s, openshift, minikube or kind
    --cache-dir DIR    where runtimes keep their results, in DIR/results and DIR/*/results; may be given
                       several times (default ${DEFAULT_CACHE_DIR})
    --dry-run          print what would change, and the script, and change nothing
    --json             print a JSON object instead of lines
    --prune            also remove the rules of pods that are proven gone ...
    --grace TIME       ... where only the cache entry is gone, not before this time after the ADD (default 10m)
    --keep-primary-rules   report the masquerade rules that bridge or ptp left, and do not remove them
    --watch            stay, and sync again when a conflist or a file that it names changes, or the rules are lost
    --interval TIME    with --watch: at the latest after this (default 60s)
    --health-port PORT with --watch: answer /livez and /readyz on 127.0.0.1
    --root DIR         in a container: do all of it in the host's /, which is mounted there
  gc                   remove the rules of pods that are proven gone, and policies that no pod has
    --address ADDRESS  only of the pod with this address, which you know to be gone though nothing here proves it;
                       may be given several times
    --conf-dir, --profile, --cache-dir, --grace, --dry-run, --json, --root   as for sync
  install              put this executable in its place, and ip-masq into the network
    --profile NAME     directories of default, k3s, rke2, microk8s, openshift, minikube or kind ...
    --bin-dir DIR      ... or this one for executables
    --conf-dir DIR     ... and this one for conflists
    --network NAME     the network (default: the first by file name, as the runtime takes it)
    --mode MODE        auto, patch (the conflist) or drop-in (containerd 2.1 and later) (default auto)
    --config FILE      our part of the conflist, as JSON (default: no keys)
    --disable-primary-masq   switch bridge's, ptp's or flannel's own masquerade off
    --set-cni-version V      write this version into the conflist, where it has none that we speak
    --force            also where the primary plugin masquerades by itself (docs/neighbours.md)
    --wait TIME        wait so long for the primary plugin's conflist
    --watch            stay, and install again when the primary plugin writes its conflist anew, or FILE changes
    --sync             stay, and do what sync --watch does, with --prune too
    --health-port PORT, --root DIR, --keep-primary-rules   as for sync
  uninstall            take ip-masq out of all conflists, then remove the executable if nothing uses it any more
    --profile, --bin-dir, --conf-dir, --cache-dir   as above
    --timeout TIME     wait so long for the attachments that use it
    --grace TIME       rules that no runtime knows of, and older than this, need it no more (default 2m)
    --force            remove it though some do
    --restore-primary-masq   switch on again what --disable-primary-masq switched off, and only that
    --watch            stay, and try until nothing uses it
    --health-port PORT, --root DIR   as for sync
  convert [FILE]       print our config for that of ip-masq-agent, its manifests, or a Windows node (FILE or stdin)

Options:
  --version            print the version
  --help               print this text

Rules of this node:    nft list table inet ip-masq
`
