import { describe, expect, test } from 'vitest'
import type { LiveAttachment, LivePolicy } from '../../src/backend/inspection'
import { policyChains } from '../../src/backend/iptables/policy-chains'
import { policyName } from '../../src/backend/nftables/policy-name'
import { alignColumns } from '../../src/commands/terminal'
import {
  addOddAddresses,
  addOddExistence,
  addOddRules,
  hasOtherPolicy,
  isElsewhere,
} from '../../src/list/oddities'
import { type ListedPolicy, listPolicies } from '../../src/list/policies'
import type { Oddity, Row } from '../../src/list/row'
import { HEADINGS, inOrder, tableOf } from '../../src/list/table'
import type { Family } from '../../src/policy/address'
import { parseAddress } from '../../src/policy/address-text'
import type { Policy } from '../../src/policy/policy'
import { parsePrefix } from '../../src/policy/prefix'
import { policyFor } from '../lab/policies'

/** What `list` makes of an inspection, without a kernel; the shared suite has the rest. */

const IPS = ['10.244.1.7/24', 'fd00::7/64']

function policyOf(config: Record<string, unknown>): Policy {
  const policy = policyFor(config, IPS)
  if (!policy) throw new Error('the config is refused')
  return policy
}

const PLAIN = policyOf({ nonMasqueradeCIDRs: [] })
const SNAT = policyOf({ nonMasqueradeCIDRs: [], snatTo: { ipv4: '192.0.2.10' } })

const inNftables = (policy: Policy): LivePolicy => ({
  name: policyName(policy),
  place: 'nftables',
  families: ['ip', 'ip6'],
  policy,
  isAsNamed: true,
  foreign: [],
})

function inIptables(policy: Policy, family: Family): LivePolicy {
  const one = policy.families[family]
  return {
    name: policyChains(policy, family)[0]?.chain ?? '',
    place: 'iptables-nft',
    families: [family],
    policy: { ...policy, families: one ? { [family]: one } : {} },
    isAsNamed: true,
    foreign: [],
  }
}

const ruleOf = (text: string, policy: string) => ({ address: parseAddress(text), policy, foreign: [] })

const attachment = (
  place: LiveAttachment['place'],
  rules: LiveAttachment['rules'],
  id = 'a',
): LiveAttachment => ({ id, place, addresses: rules.map(({ address }) => address), rules })

const NOTHING = { places: [], strays: [], unseen: [] }

describe('policies', () => {
  test('a policy has one name in nftables and in iptables, where it has two chains', () => {
    const [ip, ip6] = [inIptables(PLAIN, 'ip'), inIptables(PLAIN, 'ip6')]
    const attachments = [
      attachment('nftables', [ruleOf('10.244.1.7', policyName(PLAIN)), ruleOf('fd00::7', policyName(PLAIN))]),
      attachment('iptables-nft', [ruleOf('10.244.1.8', ip.name), ruleOf('fd00::8', ip6.name)], 'b'),
    ]
    const { all, of } = listPolicies({ ...NOTHING, attachments, policies: [inNftables(PLAIN), ip, ip6] })
    expect(all).toEqual([
      {
        name: `masquerade-${policyName(PLAIN).slice(7, 11)}`,
        places: ['nftables', 'iptables-nft'],
        chains: [policyName(PLAIN), ip.name, ip6.name],
        families: ['ip', 'ip6'],
        policy: PLAIN,
        isAsNamed: true,
        foreign: [],
      },
    ])
    expect(attachments.map(of)).toEqual([all[0], all[0]])
  })

  test('names say what a policy does; one that nobody has is there too', () => {
    const none = policyOf({ ipv4: false, ipv6: false })
    const { policy: _, ...rest } = inNftables(PLAIN)
    const altered = { ...rest, name: 'policy-abcd000000000000', isAsNamed: false, foreign: ['a line'] }
    const { all } = listPolicies({
      ...NOTHING,
      attachments: [],
      policies: [inNftables(SNAT), inNftables(none), altered],
    })
    expect(all.map(({ name }) => name)).toEqual([
      'altered-abcd',
      `none-${policyName(none).slice(7, 11)}`,
      `snat-${policyName(SNAT).slice(7, 11)}`,
    ])
  })

  test('where two names would be the same, they are longer', () => {
    const { policy: _, ...rest } = inNftables(PLAIN)
    const names = ['policy-abcd111111111111', 'policy-abcd222222222222']
    const policies = names.map((name) => ({ ...rest, name, isAsNamed: false, foreign: [name] }))
    const { all } = listPolicies({ ...NOTHING, attachments: [], policies })
    expect(all.map(({ name }) => name)).toEqual(['altered-abcd1111', 'altered-abcd2222'])
  })
})

describe('what is odd', () => {
  const found = (add: (odd: Oddity[]) => void): Oddity[] => {
    const odd: Oddity[] = []
    add(odd)
    return odd
  }

  test.each([
    [{ is: 'known', because: '' }, true, []],
    [{ is: 'alive', because: '' }, true, [{ code: 'no-cache-entry', text: 'no cache entry' }]],
    [{ is: 'unknown', because: '' }, false, []],
    [
      { is: 'unknown', because: '', isInFlight: true },
      true,
      [{ code: 'add-under-way', text: 'no cache entry yet' }],
    ],
    [
      { is: 'gone', because: 'its network namespace /run/netns/x no longer exists' },
      true,
      [{ code: 'namespace-gone', text: 'network namespace gone' }],
    ],
    [
      { is: 'gone', because: 'no other network namespace has its address' },
      true,
      [{ code: 'gone', text: 'gone: no other network namespace has its address' }],
    ],
  ] as const)('a verdict %j', (verdict, hasCache, expected) => {
    expect(found((odd) => addOddExistence(odd, verdict, hasCache))).toEqual(expected)
  })

  test('rules that lead elsewhere, or nowhere', () => {
    const rules = [
      { address: parseAddress('10.244.1.7'), foreign: ['accept'] },
      { address: parseAddress('fd00::7'), foreign: [] },
      ruleOf('10.244.1.8', 'policy-1'),
    ]
    expect(found((odd) => addOddRules(odd, { rules }))).toEqual([
      { code: 'foreign-rule', text: '10.244.1.7 leads to accept' },
      { code: 'no-rule', text: 'no rule for fd00::7' },
    ])
  })

  const live = attachment('nftables', [ruleOf('10.244.1.7', policyName(PLAIN))])
  const listed = listPolicies({ ...NOTHING, attachments: [live], policies: [inNftables(PLAIN)] }).of(live)

  test.each([
    ['what is wanted', { policy: PLAIN }, false],
    ['another policy', { policy: SNAT }, true],
    ['another policy, which is only that of the ADD', { policy: SNAT, isFallback: true }, false],
  ])('policy: %s', (_, wanted, expected) => {
    expect(hasOtherPolicy(live, listed, wanted)).toBe(expected)
  })

  test.each([
    ['auto', false],
    ['nftables', false],
    ['iptables', true],
  ] as const)('place: rules in nftables, and a conflist that asks for %s', (backend, expected) => {
    expect(isElsewhere(live, { backend })).toBe(expected)
  })

  test('an address more in the result', () => {
    const addresses = IPS.map((ip) => parseAddress(ip.replace(/\/.*/, '')))
    expect(found((odd) => addOddAddresses(odd, live, { addresses }))).toEqual([
      { code: 'no-rule', text: 'no rule for fd00::7' },
    ])
    expect(found((odd) => addOddAddresses(odd, live, live))).toEqual([])
  })
})

test('a table in the order of pods', () => {
  const policy = { name: 'masquerade-5be1' } as ListedPolicy
  const row = (pod: string, containerID: string, more: Partial<Row> = {}): Row => ({
    id: containerID,
    addresses: [parseAddress('10.244.1.7')],
    names: { network: 'cbr0', containerID, ifname: 'eth0', pod },
    place: 'nftables',
    policy,
    odd: [],
    ...more,
  })
  const stray = { id: '', names: { network: '', containerID: '', ifname: '', pod: '' } }
  const rows = [
    row('', '', { ...stray, odd: [{ code: 'no-owner', text: 'no owner' }] }),
    row('shop/web-2', '4c1d0f3a9be27aaaa'),
    row('shop/db', 'e2', {
      addresses: [parseAddress('10.244.1.9'), parseAddress('fd00::9')],
      ownList: [parsePrefix('192.0.2.0/24')],
      odd: [
        { code: 'no-rule', text: 'no rule for fd00::9' },
        { code: 'two-places', text: 'rules in iptables-nft too' },
      ],
    }),
  ]
  expect(alignColumns([HEADINGS, ...tableOf(inOrder(rows))])).toEqual([
    'POD         ADDRESS             NETWORK  INTERFACE  CONTAINER      WHERE     POLICY                      ODD',
    'shop/db     10.244.1.9,fd00::9  cbr0     eth0       e2             nftables  masquerade-5be1 (own list)  no rule for fd00::9; rules in iptables-nft too',
    'shop/web-2  10.244.1.7          cbr0     eth0       4c1d0f3a9be27  nftables  masquerade-5be1             -',
    '-           10.244.1.7          -        -          -              nftables  masquerade-5be1             no owner',
  ])
})
