import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allHold, type Flow } from '../../src/foreign/conditions'
import { parseIptablesRule } from '../../src/foreign/iptables-rule'
import type { ForeignRule } from '../../src/foreign/model'
import { parseBaseChains } from '../../src/foreign/nft'
import { parseNftRule } from '../../src/foreign/nft-rule'
import { ownerOf } from '../../src/foreign/owners'
import { parseAddress } from '../../src/policy/address-text'
import { parsePrefix } from '../../src/policy/prefix'
import { rangeOf } from '../../src/policy/range'

/** Rules as tools print them; what they do to packets is in test/kernel/foreign.test.ts. */

const FLOW: Flow = {
  source: parseAddress('10.244.1.7'),
  destination: rangeOf(parsePrefix('203.0.113.0/24')),
  inInterface: 'cni0',
  outInterface: 'eth0',
  mark: 0,
}

const answer = ({ conditions, verdict }: ForeignRule) =>
  `${allHold(conditions, FLOW)} ${verdict.do}${'to' in verdict ? ` ${verdict.to}` : ''}${'chain' in verdict ? ` ${verdict.chain}` : ''}`

const MAPS: Readonly<Record<string, readonly string[]>> = {
  jumps: ['"eth0" : jump out-eth0', '"wlan*" : goto out-wlan'],
}

describe('nft:', () => {
  test.each<[string, string[]]>([
    ['ip saddr 10.244.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random', ['yes masquerade']],
    ['ip saddr != 10.244.0.0/16 masquerade', ['no masquerade']],
    ['ip6 saddr fd00::/8 masquerade', ['no masquerade']],
    ['ip daddr { 10.0.0.0/8, 203.0.113.0-203.0.113.255 } return', ['yes return']],
    ['ip daddr 203.0.113.128/25 counter packets 3 bytes 180 return comment "masquerade"', ['maybe return']],
    [
      'oifname != "lo" snat ip to 192.0.2.1-192.0.2.4 persistent',
      ['yes snat 192.0.2.1-192.0.2.4 persistent'],
    ],
    ['oifname "eth*" iifname { "cni0", "docker0" } jump there', ['yes jump there']],
    ['oifname vmap @jumps', ['yes jump out-eth0', 'no goto out-wlan']],
    ['iifname vmap { "cni0" : goto mine, "docker0" : return }', ['yes goto mine', 'no return']],
    ['ip saddr vmap { 10.244.1.7 : jump its }', ['maybe jump its']],
    ['iifname . oifname vmap { "cni0" . "eth0" : jump its }', ['maybe jump its']],
    ['tcp dport . iifname vmap { 443 . "cni0" : jump its }', ['maybe jump its']],
    ['iifname . ip saddr { "cni0" . 10.244.1.7 } return', ['maybe return']],
    ['tcp dport . iifname { 443 . "cni0" } return', ['maybe return']],
    ['meta nfproto ipv6 masquerade', ['no masquerade']],
    ['meta mark & 0x00004000 != 0x00000000 masquerade', ['no masquerade']],
    ['meta mark & 0x00004000 == 0x00004000 masquerade', ['no masquerade']],
    ['meta mark set meta mark ^ 0x00004000', ['yes nothing']],
    ['fib daddr type != local masquerade', ['yes masquerade']],
    ['tcp dport 443 ip daddr 10.0.0.0/8 masquerade', ['no masquerade']],
    ['ct original ip daddr 10.0.0.1 masquerade', ['maybe masquerade']],
    ['meta l4proto { tcp, udp } ip saddr @pods masquerade to :1024-65535', ['maybe masquerade']],
  ])('%s', (line, expected) => {
    expect(parseNftRule(`\t\t${line}`, (name) => MAPS[name] ?? []).map(answer)).toEqual(expected)
  })

  test('whatever comes before it, a rule for source NAT is not passed over', () => {
    const statements = [
      ...[
        'ip saddr 10.0.0.0/8',
        'ip daddr != { 10.0.0.1, 10.0.0.2 }',
        'ip6 saddr @pods',
        'oifname "eth*"',
        'iif != "lo"',
      ],
      ...[
        'counter packets 7 bytes 420',
        'counter',
        'meta mark set 0x1',
        'meta mark & 0x1 == 0x1',
        'mark 0x00000004',
      ],
      ...[
        'limit rate 10/second burst 5 packets',
        'ct state new',
        'ct original ip saddr 10.0.0.1',
        'ct mark set mark',
      ],
      ...['meta l4proto tcp', 'tcp dport != { 22, 80 }', 'th dport 53', 'ip protocol udp', 'meta skuid 1000'],
      ...[
        'log prefix "a b" level warn',
        'numgen random mod 2 0',
        'fib daddr type local',
        'fib saddr . iif oif 0',
      ],
      ...[
        'ether saddr 02:00:00:00:00:01',
        'socket transparent 1',
        'rt classid 3',
        'quota over 10 mbytes',
        'xt match "set"',
      ],
    ]
    const rule = fc.array(fc.constantFrom(...statements), { maxLength: 6 })
    fc.assert(
      fc.property(rule, (list) => {
        const [one, ...more] = parseNftRule([...list, 'masquerade fully-random'].join(' '), () => [])
        expect([one?.verdict, more]).toEqual([{ do: 'masquerade' }, []])
      }),
      { numRuns: 2_000 },
    )
  })

  test('base chains, by every name of a priority', () => {
    const chain = (table: string, name: string, priority: string, type = 'nat hook postrouting') =>
      `table ${table} {\n\tchain ${name} {\n\t\ttype ${type} priority ${priority}; policy accept;\n\t}\n}\n`
    const text = [
      chain('ip nat', 'POSTROUTING', 'srcnat'),
      chain('inet ip-masq', 'nat-postrouting', 'srcnat - 1'),
      chain('ip a', 'b', '10'),
      chain('ip a', 'c', 'filter + 10'),
      chain('ip6 a', 'd', '-5'),
      chain('inet f', 'g', 'dstnat', 'nat hook prerouting'),
      'table ip a {\n\tchain plain {\n\t}\n}\n',
    ].join('')
    expect(
      parseBaseChains(text).map(({ table, chain: name, priority }) => `${table} ${name} ${priority}`),
    ).toEqual([
      'ip nat POSTROUTING 100',
      'inet ip-masq nat-postrouting 99',
      'ip a b 10',
      'ip a c 10',
      'ip6 a d -5',
    ])
  })
})

test.each<[string, string]>([
  [
    '-s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully',
    'yes masquerade',
  ],
  ['-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE', 'no masquerade'],
  ['! -o br+ -j MASQUERADE', 'yes masquerade'],
  ['-m mark ! --mark 0x4000/0x4000 -j RETURN', 'yes return'],
  ['-m mark --mark 0x40/0x40 -j SNAT --to-source 192.0.2.1', 'no snat 192.0.2.1'],
  ['-m addrtype ! --dst-type LOCAL -j IP-MASQ', 'yes jump IP-MASQ'],
  ['-p tcp -m tcp --dport 443 -j MASQUERADE --to-ports 1024-65535', 'maybe masquerade'],
  ['-m set --match-set pods src -m set ! --match-set all dst -j MASQUERADE', 'maybe masquerade'],
  ['-m comment --comment "with \\"quotes\\" -j ACCEPT" -j RETURN', 'yes return'],
  ['-j MARK --set-xmark 0x4000/0x0', 'yes nothing'],
  ['-d 203.0.113.7/32 -g elsewhere', 'maybe goto elsewhere'],
  ['-j IPM-PODS', 'yes ours'],
])('iptables: %s', (text, expected) => {
  expect(answer(parseIptablesRule(text))).toBe(expected)
})

test.each<[string[], string[], string]>([
  [['ip nat', 'POSTROUTING', 'KUBE-POSTROUTING'], ['-j KUBE-POSTROUTING', '-j MASQUERADE'], 'kube-proxy'],
  [['ip nat', 'POSTROUTING'], ['-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE'], 'docker'],
  [['ip nat', 'POSTROUTING', 'cali-POSTROUTING', 'cali-nat-outgoing'], ['', '', ''], 'Calico'],
  [['ip nat', 'POSTROUTING', 'IP-MASQ-AGENT'], ['', ''], 'ip-masq-agent'],
  [['inet cni_hostport', 'masquerading'], [''], 'portmap'],
  [['ip nat', 'POSTROUTING'], ['-j MASQUERADE'], 'unknown'],
])('%j is of %s: %s', (names, texts, expected) => {
  expect(ownerOf(names, texts)).toBe(expected)
})
