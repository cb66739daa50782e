import { spawnSync } from 'node:child_process'
import type { Backend, Host, Tools, Wanted } from '../../src/backend/backend'
import { nftables } from '../../src/backend/nftables'
import { chooseCarrier } from '../../src/backend/nftables/choose-carrier'
import { iptables } from '../../src/backend/places/iptables'
import type { Policy } from '../../src/policy/policy'
import { parseAddressWithLength } from '../../src/policy/prefix'
import type { Namespace } from './namespace'

/** Backends in this process whose tools run in another network namespace: nftables by way of nft, and each kind of iptables. */
export function backendsIn(node: Namespace): readonly (readonly [string, Backend])[] {
  const run: Tools = (tool, args, input) => {
    const inside = ['netns', 'exec', node.name, tool, ...args]
    const { status, stdout, stderr } = spawnSync('ip', inside, { input, encoding: 'utf8' })
    return { outcome: 'exited', status: status ?? -1, stdout, stderr }
  }
  const kind = (variant: '-nft' | '-legacy') =>
    iptables(run, hostWith(variant), { ip: ['nat'], ip6: ['nat'] })
  const machine = async () => ({ run, host: hostWith('') })
  const clock = { epochSeconds: () => 1_790_000_000, bootSeconds: () => 5_000 }
  return [
    ['nftables', nftables(chooseCarrier(machine, 'nft'), clock)],
    ['iptables-nft', kind('-nft')],
    ['iptables-legacy', kind('-legacy')],
  ]
}

/** A host that has this kind of iptables alone. */
function hostWith(variant: string): Host {
  return {
    findTool: (name) => (name.includes(variant) ? { file: `/usr/sbin/${name}` } : { tried: [] }),
    realPath: (file) => file,
    legacyTables: () => ['nat'],
    mayHaveTable: () => true,
    mayHaveNfTables: () => true,
    kernelRelease: () => '6.1.0',
    effectiveCapabilities: () => undefined,
    epochSeconds: () => 1_790_000_000,
    bootSeconds: () => 5_000,
  }
}

export function wantedWith(containerID: string, ips: readonly string[], policy: Policy): Wanted {
  return {
    attachment: { containerID, ifname: 'eth0', network: 'cbr0', pod: 'shop/web', namespace: 'shop' },
    addresses: ips.map((ip) => parseAddressWithLength(ip).address),
    policy,
    backend: 'auto',
    netns: '/var/run/netns/web',
  }
}
