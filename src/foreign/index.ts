import { readSystemFile } from '#system/proc'
import type { Host, Tools } from '../backend/backend'
import type { Flow } from './conditions'
import { readIptables } from './iptables'
import type { Foreign } from './model'
import { readNft } from './nft'

/**
 * Others' source NAT on this node, in nftables and in every kind of iptables. Nothing is changed. With `wanted`, what that
 * flow does not come to may be left out.
 */
export function readForeign(run: Tools, host: Host, wanted?: Flow): Foreign {
  const iptables = readIptables(run, host, wanted)
  const nft =
    'file' in host.findTool('nft')
      ? readNft(
          (args, input) => run('nft', args, input),
          // iptables-nft has its rules there, and nft cannot print all of them.
          ({ table, chain }) => chain === 'POSTROUTING' && iptables.tablesOfNft.includes(table),
        )
      : NO_NFT
  return {
    hooks: [...nft.hooks, ...iptables.hooks],
    unseen: [...nft.unseen, ...iptables.unseen, ...unseenOfCilium()],
  }
}

const NO_NFT: Foreign = {
  hooks: [],
  unseen: ["others' rules in nftables: there is no nft to list them with; install nftables"],
}

/** Cilium's own interface, which it makes on every node. */
export function unseenOfCilium(): string[] {
  const hasInterface = /^\s*cilium_host:/m.test(readSystemFile('/proc/net/dev') ?? '')
  return hasInterface
    ? [
        'Cilium is on this node: masquerade that it does in BPF is in no rule; ask cilium-dbg status --verbose',
      ]
    : []
}
