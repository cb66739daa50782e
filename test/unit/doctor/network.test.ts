import { describe, expect, test } from 'vitest'
import { checkBridge, checkForwarding } from '../../../src/doctor/forwarding'
import { keeperCommand } from '../../../src/doctor/keeper'
import {
  checkReversePath,
  interfacesInProc,
  interfacesInRoutes,
  tablesInRules,
} from '../../../src/doctor/reverse-path'

describe('forwarding', () => {
  const OFF = { ip: '0', ip6: '0', bridge: undefined }
  const ON = { ip: '1', ip6: '1', bridge: undefined }

  test('is an error where a family that pods have is not forwarded', () => {
    expect(checkForwarding(OFF, new Set(['ip', 'ip6']))).toEqual([
      {
        check: 'ipv4-forwarding',
        level: 'error',
        what: 'net.ipv4.ip_forward is 0, and pods here have IPv4 addresses',
        why: 'the node does not forward IPv4: these pods reach nothing outside of it',
        mend: 'sysctl -w net.ipv4.ip_forward=1, and the same in a file in /etc/sysctl.d for the next boot',
      },
      {
        check: 'ipv6-forwarding',
        level: 'error',
        what: 'net.ipv6.conf.all.forwarding is 0, and pods here have IPv6 addresses',
        why: 'the node does not forward IPv6: these pods reach nothing outside of it',
        mend: 'sysctl -w net.ipv6.conf.all.forwarding=1, and the same in a file in /etc/sysctl.d for the next boot',
      },
    ])
  })

  test.each([
    [OFF, new Set<'ip' | 'ip6'>(['ip']), ['error', 'note']],
    [OFF, new Set<'ip' | 'ip6'>(), ['note', 'note']],
    [OFF, undefined, ['note', 'note']],
    [ON, new Set<'ip' | 'ip6'>(['ip', 'ip6']), ['ok', 'ok']],
    // A kernel without IPv6.
    [{ ...ON, ip6: undefined }, new Set<'ip' | 'ip6'>(['ip']), ['ok']],
    [{ ...ON, ip6: undefined }, new Set<'ip' | 'ip6'>(['ip6']), ['ok', 'unseen']],
  ])('%j for pods with %s', (read, families, levels) => {
    expect(checkForwarding(read, families).map(({ level }) => level)).toEqual(levels)
  })
})

describe('bridge-nf-call-iptables', () => {
  const read = (bridge: string | undefined) => ({ ip: '1', ip6: '1', bridge })
  test.each([
    [
      '1',
      true,
      'ok',
      'netfilter sees what pods of one bridge send each other (bridge-nf-call-iptables is 1)',
    ],
    ['0', true, 'note', 'bridge-nf-call-iptables is 0'],
    [undefined, true, 'note', 'br_netfilter is not loaded'],
  ])('%s', (value, hasBridge, level, what) => {
    expect(checkBridge(read(value), hasBridge)).toMatchObject([{ check: 'bridge-netfilter', level, what }])
  })

  test('does not matter without a bridge', () => {
    expect(checkBridge(read('0'), false)).toEqual([])
  })
})

describe('the reverse path filter', () => {
  const way = (name: string, filter: number) => ({ name, filter })

  test('is a warning where it is strict, and there are several ways out', () => {
    expect(checkReversePath([way('eth0', 1), way('eth1', 2), way('eth2', 1)])).toEqual([
      {
        check: 'reverse-path-filter',
        level: 'warning',
        what: 'default routes lead through eth0, eth1, eth2, and rp_filter is strict (1) on eth0, eth2',
        why: 'the kernel drops an answer, without a word, if it comes in through another interface than the one that the route to its sender leads through',
        mend: 'sysctl -w net.ipv4.conf.eth0.rp_filter=2; sysctl -w net.ipv4.conf.eth2.rp_filter=2',
      },
    ])
  })

  test.each([
    [[], 'note', 'there is no default route'],
    [[way('eth0', 1)], 'ok', 'the default route leads through eth0'],
    [
      [way('eth0', 0), way('eth1', 2)],
      'ok',
      'default routes lead through eth0, eth1, and none of these filters strictly',
    ],
  ])('%j', (ways, level, what) => {
    expect(checkReversePath(ways)).toMatchObject([{ level, what }])
  })

  test('reads the routes of all tables, each way of a route', () => {
    const text = `default via 192.0.2.1 dev eth1 table 100
default metric 100
	nexthop via 198.51.100.1 dev eth0 weight 1
	nexthop via 203.0.113.1 dev eth2 weight 1
default via 192.0.2.1 dev eth1 proto dhcp metric 200
`
    expect(interfacesInRoutes(text, undefined)).toEqual(['eth1', 'eth0', 'eth2'])
  })

  test('counts default routes of tables that a rule leads to', () => {
    const rules = `0:	from all lookup local
100:	from 192.0.2.0/24 lookup uplink
32766:	from all lookup main
`
    const routes = `default via 192.0.2.1 dev eth1 table uplink
default via 192.0.2.1 dev eth2 table 200
default table 300
	nexthop via 192.0.2.1 dev eth3 weight 1
	nexthop via 192.0.2.9 dev eth4 weight 1
default
	nexthop via 203.0.113.1 dev eth0 weight 1
	nexthop via 203.0.113.9 dev eth5 weight 1
`
    expect(interfacesInRoutes(routes, tablesInRules(rules))).toEqual(['eth1', 'eth0', 'eth5'])
    // Without an answer about rules, the main table is known to count.
    expect(interfacesInRoutes(routes, tablesInRules(''))).toEqual(['eth0', 'eth5'])
    const vrf = '1000:	from all lookup [l3mdev-table]'
    expect(interfacesInRoutes(routes, tablesInRules(vrf))).toEqual([
      'eth1',
      'eth2',
      'eth3',
      'eth4',
      'eth0',
      'eth5',
    ])
  })

  test('reads /proc/net/route: default routes alone', () => {
    const text = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	100	00000000	0	0	0
eth1	00000000	010200C0	0003	0	0	200	00000000	0	0	0
eth2	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
tun0	00000000	00000000	0001	0	0	0	00000080	0	0	0
`
    expect(interfacesInProc(text)).toEqual(['eth0', 'eth1'])
  })
})

describe('a process that keeps the rules', () => {
  test.each([
    ['/usr/local/bin/ip-masq\0sync\0--watch\0--prune\0', 'sync --watch --prune'],
    ['/ip-masq\0install\0--root\0/host\0--sync\0', 'install --root /host --sync'],
    ['node\0/opt/ip-masq.js\0sync\0--watch\0', 'sync --watch'],
    ['/usr/local/bin/ip-masq\0sync\0', undefined],
    ['/usr/local/bin/ip-masq\0install\0--watch\0', undefined],
    ['vi\0/etc/ip-masq.conf\0', undefined],
    ['', undefined],
  ])('%j', (cmdline, command) => {
    expect(keeperCommand(cmdline)).toBe(command)
  })
})
