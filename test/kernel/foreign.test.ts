import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Flow } from '../../src/foreign/conditions'
import { listSourceNat, sourceNatOf } from '../../src/foreign/source-nat'
import { parseAddress } from '../../src/policy/address-text'
import { rangeBetween } from '../../src/policy/range'
import { foreignIn, OTHERS } from '../lab/foreign'
import type { Namespace } from '../lab/namespace'
import { addPodByHand, createSite, DESTINATIONS, NODE, POD, type Site, sourceSeen } from '../lab/site'

/** Others' source NAT as their own software writes it, in a real kernel: what we read of it is what packets meet. */

let site: Site
let pod: Namespace
beforeAll(async () => {
  site = await createSite()
  pod = await addPodByHand(site)
})
afterAll(async () => {
  await pod?.delete()
  await site?.delete()
})
afterEach(() =>
  site.node.sh(`nft flush ruleset; for table in nat mangle; do
    ! grep -qs $table /proc/net/ip_tables_names || { iptables-legacy -t $table -F; iptables-legacy -t $table -X; }; done`),
)

const flowTo = (destination: string): Flow => {
  const address = parseAddress(destination)
  return {
    source: parseAddress(destination.includes(':') ? POD.ipv6 : POD.ipv4),
    destination: rangeBetween(address, address),
    inInterface: 'pod',
    outInterface: 'wan',
  }
}

const { internet, internet6, onPrem, otherNodesPod } = DESTINATIONS
const [MASQUERADED, LEFT] = [NODE.ipv4, POD.ipv4]

/** What a peer should see by the rules that were read; `maybe` where they do not tell. */
function predicted(destination: string, legacy: string[] = []): string {
  const wanted = flowTo(destination)
  const hits = sourceNatOf(foreignIn(site.node, { wanted, legacy }), 'nftables', wanted)
  const [first] = hits
  if (!first) return destination.includes(':') ? POD.ipv6 : POD.ipv4
  return first.isCertain ? (first.to ?? (destination.includes(':') ? NODE.ipv6 : NODE.ipv4)) : 'maybe'
}

describe.each<[keyof typeof OTHERS, string, Record<string, string>]>([
  ['flannelNft', 'flannel', { [internet]: MASQUERADED, [onPrem]: MASQUERADED, [otherNodesPod]: LEFT }],
  ['flannel', 'flannel', { [internet]: MASQUERADED, [onPrem]: MASQUERADED, [otherNodesPod]: LEFT }],
  ['docker', 'docker', { [internet]: MASQUERADED, [otherNodesPod]: MASQUERADED }],
  ['dockerNft', 'docker', { [internet]: MASQUERADED, [otherNodesPod]: MASQUERADED }],
  ['agent', 'ip-masq-agent', { [internet]: MASQUERADED, [onPrem]: LEFT, [otherNodesPod]: LEFT }],
  ['bridge', 'bridge or ptp', { [internet]: MASQUERADED, [otherNodesPod]: MASQUERADED }],
  ['bridgeNft', 'bridge or ptp', { [internet]: MASQUERADED, [otherNodesPod]: MASQUERADED }],
  ['cilium', 'Cilium', { [internet]: MASQUERADED, [otherNodesPod]: LEFT }],
  ['firewalld', 'firewalld', { [internet]: MASQUERADED, [internet6]: POD.ipv6 }],
  ['unknown', 'unknown', { [internet]: '198.51.100.78', [onPrem]: LEFT }],
])('%s:', (name, owner, expected) => {
  test('what is read is what packets meet', async () => {
    await site.node.sh(OTHERS[name])
    for (const [destination, source] of Object.entries(expected)) {
      expect([destination, await sourceSeen(pod, destination)]).toEqual([destination, source])
      expect([destination, predicted(destination)]).toEqual([destination, source])
    }
    const wanted = flowTo(internet)
    const hits = sourceNatOf(foreignIn(site.node, { wanted }), 'nftables', wanted)
    expect(hits.map((hit) => hit.owner)).toEqual([owner])
  })
})

test('marks are not seen: kube-vip and kube-proxy may act or not, and are named', async () => {
  await site.node.sh(`${OTHERS.kubeVip}; ${OTHERS.kubeProxy}; ${OTHERS.kubeProxyNft}`)
  const wanted = flowTo(internet)
  const hits = sourceNatOf(foreignIn(site.node, { wanted }), 'nftables', wanted)
  const mark = { on: 'mark', value: 0x40, mask: 0x40, isNot: false }
  expect(
    hits.map(({ owner, to, isCertain, needsMark, place }) => [owner, to, isCertain, needsMark, place]),
  ).toEqual([
    ['kube-proxy', undefined, false, true, 'nftables'],
    ['kube-vip', '198.51.100.77', false, true, 'iptables-nft'],
    ['kube-proxy', undefined, false, true, 'iptables-nft'],
  ])
  expect(hits[1]?.conditions).toContainEqual(mark)
  expect(await sourceSeen(pod, internet)).toBe('198.51.100.77')
})

test('the other kind of iptables', async () => {
  await site.node.sh(OTHERS.agent.replaceAll('iptables ', 'iptables-legacy '))
  expect(await sourceSeen(pod, internet)).toBe(NODE.ipv4)
  expect([internet, onPrem].map((destination) => predicted(destination, ['nat']))).toEqual([
    MASQUERADED,
    LEFT,
  ])
  const wanted = flowTo(internet)
  const [hit] = sourceNatOf(foreignIn(site.node, { wanted, legacy: ['nat'] }), 'nftables', wanted)
  expect(hit?.place).toBe('iptables-legacy')
})

describe('all that there is:', () => {
  const listed = (own: string) =>
    listSourceNat(foreignIn(site.node), own).map(
      ({ owner, place, table, chains, priority, order }) =>
        `${owner}: ${place} ${table} ${chains.join(' > ')} ${priority} ${order}`,
    )

  test('whose, where, and on which side of ours', async () => {
    for (const name of ['flannelNft', 'kubeProxyNft', 'firewalld', 'unknown', 'agent', 'kubeVip'] as const)
      await site.node.sh(OTHERS[name])
    expect(listed('nftables').sort()).toEqual([
      'firewalld: nftables inet firewalld nat_POSTROUTING > nat_POSTROUTING_POLICIES > nat_POST_public > nat_POST_public_allow 110 after',
      'flannel: nftables ip flannel-ipv4 postrtg 100 after',
      'flannel: nftables ip flannel-ipv4 postrtg 100 after',
      'ip-masq-agent: iptables-nft ip nat POSTROUTING > IP-MASQ 100 after',
      'kube-proxy: nftables ip kube-proxy nat-postrouting > masquerading 100 after',
      'kube-vip: iptables-nft ip nat POSTROUTING 100 after',
      'unknown: nftables ip site-nat out 10 before',
    ])
  })

  test('in iptables the jump to our chain has rules above it and below it', async () => {
    await site.node.sh(`${OTHERS.agent}; iptables -t nat -N IPM-PODS; iptables -t nat -I POSTROUTING -j IPM-PODS
      ${OTHERS.kubeVip}; ${OTHERS.flannelNft}`)
    expect(listed('iptables-nft').sort()).toEqual([
      'flannel: nftables ip flannel-ipv4 postrtg 100 unknown',
      'flannel: nftables ip flannel-ipv4 postrtg 100 unknown',
      'ip-masq-agent: iptables-nft ip nat POSTROUTING > IP-MASQ 100 after',
      'kube-vip: iptables-nft ip nat POSTROUTING 100 before',
    ])
  })

  test('an empty node has none, and ours are not among them', async () => {
    await site.node.sh(`nft -f - <<< 'table inet ip-masq { chain nat-postrouting {
      type nat hook postrouting priority srcnat - 1; ip saddr 10.244.1.7 masquerade; }
    }'`)
    expect(foreignIn(site.node)).toEqual({ hooks: [], unseen: [] })
  })

  test('what we cannot read is a condition that may hold, or a line', async () => {
    await site.node.sh(`nft -f - <<< 'table ip odd { set hosts { type ipv4_addr; }
      chain out { type nat hook postrouting priority 100; ct original ip daddr 10.0.0.1 masquerade
        ip saddr @hosts masquerade; tcp dport 443 ip daddr 203.0.113.9 masquerade; }
    }'`)
    const wanted = flowTo(internet)
    const hits = sourceNatOf(foreignIn(site.node, { wanted }), 'nftables', wanted)
    expect(hits.map(({ isCertain, conditions }) => [isCertain, conditions])).toEqual([
      [false, [{ on: 'other', text: 'ct original ip daddr 10.0.0.1' }]],
      [false, [{ on: 'other', text: 'ip saddr @hosts' }]],
      [
        false,
        [
          { on: 'other', text: 'tcp dport 443' },
          { on: 'family', family: 'ip' },
          {
            on: 'destination',
            ranges: [rangeBetween(parseAddress(internet), parseAddress(internet))],
            isNot: false,
          },
        ],
      ],
    ])
  })
})

test('more chains than are listed one by one', async () => {
  const chainOf = (i: number) => `CNI-${`${i}`.padStart(24, '0')}`
  await site.node.sh(
    Array.from(
      { length: 12 },
      (_, i) => `iptables -t nat -N ${chainOf(i)}
        iptables -t nat -A POSTROUTING -s 10.244.1.${i}/32 -j ${chainOf(i)}
        iptables -t nat -A ${chainOf(i)} ! -d 224.0.0.0/4 -j MASQUERADE`,
    ).join('\n'),
  )
  const found = listSourceNat(foreignIn(site.node), 'nftables')
  expect(found.map(({ owner, chains }) => [owner, ...chains])).toEqual(
    Array.from({ length: 12 }, (_, i) => ['bridge or ptp', 'POSTROUTING', chainOf(i)]),
  )
  const [hit, ...more] = sourceNatOf(
    foreignIn(site.node, { wanted: flowTo(internet) }),
    'nftables',
    flowTo(internet),
  )
  expect([hit?.chains, hit?.isCertain, more]).toEqual([['POSTROUTING', chainOf(7)], true, []])
})
