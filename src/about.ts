import { version } from '../package.json'
import { DEFAULT_CACHE_DIR, DEFAULT_CONF_DIR } from './cni/paths'
import { SUPPORTED_VERSIONS } from './cni/version'

export const VERSION: string = version

/** What an operator sees who starts the plugin without a runtime. */
export const ABOUT = `ip-masq ${VERSION}: a chained CNI plugin that masquerades each pod's traffic on its way out of
the node, except towards nonMasqueradeCIDRs. CNI versions: ${SUPPORTED_VERSIONS.join(', ')}.
`

export const HELP = `${ABOUT}
It is started by the container runtime. List it in a conflist under /etc/cni/net.d after the plugin that gives the
pod its address (bridge, flannel, ptp), whose own ipMasq is off:

  { "type": "ip-masq", "nonMasqueradeCIDRs": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] }

Keys (all optional):
  nonMasqueradeCIDRs   destinations that see the pod's own address
                       default: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7; []: the built-ins only
  masqLinkLocal        masquerade towards 169.254.0.0/16 too (default false)
  masqLinkLocalIPv6    masquerade towards fe80::/10 too (default false)
  randomFully          fully random source ports (default true)
  backend              "auto" or "nftables" (default "auto")
Built-in exemptions: the pod's own subnets, link-local, multicast, broadcast.

Commands:
  sync                 make the rules of all running pods what the conflists ask for now
    --conf-dir DIR     where the conflists are (default ${DEFAULT_CONF_DIR})
    --cache-dir DIR    where libcni keeps its results (default ${DEFAULT_CACHE_DIR})
    --dry-run          print what would change, and the script, and change nothing
    --json             print a JSON object instead of lines
    --prune            also remove rules that no runtime knows of ...
    --grace TIME       ... and that were written longer ago than this (default 10m)
    --watch            stay, and sync again when a conflist changes or the rules are lost
    --interval TIME    with --watch: at the latest after this (default 60s)
  gc                   remove rules that no runtime knows of, or whose container is gone
    --conf-dir, --cache-dir, --grace, --dry-run, --json   as for sync

Options:
  --version            print the version
  --help               print this text

Rules of this node:    nft list table inet ip-masq
`
