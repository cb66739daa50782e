import { describe, expect, test } from 'vitest'
import type { Flow } from '../../src/foreign/conditions'
import { filtersOf } from '../../src/foreign/filters'
import { parseIptablesRule } from '../../src/foreign/iptables-rule'
import type { FilterHook, ForeignRule } from '../../src/foreign/model'
import { parseNftRule } from '../../src/foreign/nft-rule'
import { parseAddress } from '../../src/policy/address-text'
import { parsePrefix } from '../../src/policy/prefix'
import { rangeOf } from '../../src/policy/range'

/** What chains of others may do to a pod's packets; that it happens to packets is in test/kernel/filters.test.ts. */

const FLOW: Flow = {
  source: parseAddress('10.244.1.7'),
  destination: rangeOf(parsePrefix('203.0.113.0/24')),
  inInterface: 'cni0',
  outInterface: 'eth0',
}

interface Written {
  readonly policy?: 'accept' | 'drop'
  readonly hook?: FilterHook['hook']
  readonly priority?: number
  /** Chains by name, a rule each; the base chain is `base`. */
  readonly chains: Readonly<Record<string, readonly string[]>>
}

const hookOf = (parse: (text: string) => ForeignRule[], written: Written): FilterHook => {
  const { policy = 'accept', hook = 'forward', priority = 0, chains } = written
  return {
    ...{
      place: 'nftables',
      table: 'inet site',
      chain: 'base',
      families: ['ip', 'ip6'],
      priority,
      policy,
      hook,
    },
    chains: new Map(Object.entries(chains).map(([name, rules]) => [name, rules.flatMap(parse)])),
  }
}

const nft = (written: Written) => hookOf((text) => parseNftRule(text, () => []), written)
const iptables = (written: Written) => hookOf((text) => [parseIptablesRule(text)], written)

/** `drop in base > sub: the rule`; with `perhaps` in front where it is not certain. */
const found = (...hooks: FilterHook[]) =>
  filtersOf(hooks, FLOW).map(
    ({ effect, chains, text, isCertain }) =>
      `${isCertain ? '' : 'perhaps '}${effect} in ${chains.join(' > ')}: ${text ?? 'policy'}`,
  )

describe('nft:', () => {
  test.each<[string, Written, string[]]>([
    ['nothing', { chains: { base: [] } }, []],
    ['policy drop', { policy: 'drop', chains: { base: [] } }, ['drop in base: policy']],
    [
      'policy drop, and an accept for others',
      {
        policy: 'drop',
        chains: { base: ['iifname "docker0" accept', 'ct state established,related accept'] },
      },
      ['drop in base: policy'],
    ],
    [
      'policy drop, and an accept for all',
      { policy: 'drop', chains: { base: ['ip saddr 10.244.0.0/16 accept'] } },
      [],
    ],
    [
      'policy drop, and an accept that may be about them',
      { policy: 'drop', chains: { base: ['tcp dport 443 accept'] } },
      ['perhaps drop in base: policy'],
    ],
    [
      'a part of the destination',
      { chains: { base: ['ip daddr 203.0.113.128/25 drop'] } },
      ['perhaps drop in base: ip daddr 203.0.113.128/25 drop'],
    ],
    [
      'a state that new packets do not have',
      {
        chains: { base: ['ct state invalid drop', 'ct state vmap { established : accept, invalid : drop }'] },
      },
      [],
    ],
    [
      'new packets alone, with a reason for the sender and a line in the log',
      {
        chains: { base: ['ct state new log prefix "out " level info reject with icmpx admin-prohibited'] },
      },
      ['drop in base: ct state new log prefix "out " level info reject with icmpx admin-prohibited'],
    ],
    [
      'a chain that returns them',
      { chains: { base: ['jump sub', 'drop'], sub: ['ip saddr 10.244.1.7 return', 'accept'] } },
      ['drop in base: drop'],
    ],
    [
      'a chain that may return some, and accepts the rest',
      { policy: 'drop', chains: { base: ['jump sub'], sub: ['tcp dport 80 return', 'accept'] } },
      ['perhaps drop in base: policy'],
    ],
    [
      'a chain that some may go to for good',
      { chains: { base: ['tcp dport 80 goto sub', 'drop'], sub: ['accept'] } },
      ['perhaps drop in base: drop'],
    ],
    [
      'a program that is asked about a part',
      { policy: 'drop', chains: { base: ['tcp dport 80 counter queue flags bypass to 1-3'] } },
      [
        'perhaps drop in base: tcp dport 80 counter queue flags bypass to 1-3',
        'perhaps drop in base: policy',
      ],
    ],
    [
      'a goto that ends at the policy',
      { policy: 'drop', chains: { base: ['goto sub', 'accept'], sub: ['tcp dport 80 drop'] } },
      ['perhaps drop in base > sub: tcp dport 80 drop', 'drop in base: policy'],
    ],
    [
      'notrack, which nobody heeds behind connection tracking',
      { hook: 'prerouting', priority: -150, chains: { base: ['notrack'] } },
      [],
    ],
    [
      'notrack in a later hook, whose packets are all tracked already',
      { hook: 'forward', priority: -300, chains: { base: ['notrack'] } },
      [],
    ],
    ['notrack on the way out', { hook: 'postrouting', priority: -300, chains: { base: ['notrack'] } }, []],
  ])('%s', (_, written, expected) => {
    expect(found(nft(written))).toEqual(expected)
  })

  test('what is not tracked has another state', () => {
    const raw = nft({
      hook: 'prerouting',
      priority: -300,
      chains: { base: ['ip saddr 10.244.0.0/16 notrack'] },
    })
    const forward = nft({ policy: 'drop', chains: { base: ['ct state new accept'] } })
    expect(found(forward)).toEqual([])
    expect(found(forward, raw)).toEqual([
      'notrack in base: ip saddr 10.244.0.0/16 notrack',
      'drop in base: policy',
    ])
  })

  test('on the way out: before the translation, and after it', () => {
    const late = { hook: 'postrouting', chains: { base: ['ip saddr 10.244.1.7 drop'] } } as const
    const [before, after] = [nft({ ...late, priority: 99 }), nft({ ...late, priority: 100 })]
    expect(found(after)).toEqual(['perhaps drop in base: ip saddr 10.244.1.7 drop'])
    expect(found(before, after)).toEqual(['drop in base: ip saddr 10.244.1.7 drop'])
    const forward = nft({ chains: { base: ['drop'] } })
    expect(found(before, forward)).toEqual(['drop in base: drop'])
  })

  test('nothing comes after a drop', () => {
    const raw = nft({ hook: 'prerouting', priority: -300, chains: { base: ['drop'] } })
    expect(found(nft({ policy: 'drop', chains: { base: [] } }), raw)).toEqual(['drop in base: drop'])
  })
})

describe('iptables:', () => {
  test.each<[string, Written, string[]]>([
    [
      "docker's policy, and kube-proxy's rules",
      {
        policy: 'drop',
        chains: {
          base: ['-j KUBE-FORWARD', '-j DOCKER-USER', '-o docker0 -j DOCKER'],
          'KUBE-FORWARD': [
            '-m conntrack --ctstate INVALID -m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP',
            '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
          ],
          'DOCKER-USER': ['-j RETURN'],
        },
      },
      ['drop in base: policy'],
    ],
    [
      'an accept of marked packets',
      { policy: 'drop', chains: { base: ['-m mark --mark 0x4000/0x4000 -j ACCEPT'] } },
      ['perhaps drop in base: policy'],
    ],
    [
      'a program that is asked',
      { policy: 'drop', chains: { base: ['-j NFQUEUE --queue-num 1'] } },
      ['perhaps drop in base: -j NFQUEUE --queue-num 1'],
    ],
    [
      'a target that nobody knows',
      { policy: 'drop', chains: { base: ['-j XYZ'] } },
      ['perhaps drop in base: policy'],
    ],
    [
      'a chain with the name of a method that every object has',
      { chains: { base: ['-j constructor'], constructor: ['-j DROP'] } },
      ['drop in base > constructor: -j DROP'],
    ],
    [
      'a target that only changes packets',
      {
        chains: {
          base: ['-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu', '-j REJECT'],
        },
      },
      ['drop in base: -j REJECT'],
    ],
    [
      'NOTRACK by either name',
      {
        ...{ hook: 'prerouting', priority: -300 },
        chains: { base: ['-d 203.0.113.9/32 -j NOTRACK', '-i cni0 -j CT --notrack', '-j CT --zone 1'] },
      },
      ['perhaps notrack in base: -d 203.0.113.9/32 -j NOTRACK', 'notrack in base: -i cni0 -j CT --notrack'],
    ],
    [
      'a state of iptables alone',
      { policy: 'drop', chains: { base: ['-m conntrack --ctstate DNAT -j ACCEPT'] } },
      ['perhaps drop in base: policy'],
    ],
  ])('%s', (_, written, expected) => {
    expect(found(iptables(written))).toEqual(expected)
  })
})
