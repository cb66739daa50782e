import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import type { Namespace } from '../lab/namespace'
import { addPodByHand, createSite, DESTINATIONS, isLost, NODE, POD, type Site, sourceSeen } from '../lab/site'

/** What explain says of rules that stop packets, or keep them from being tracked, is what an echo server sees. */

let site: Site
let pod: Namespace
let network: CachedNetwork
beforeAll(async () => {
  site = await createSite()
  pod = await addPodByHand(site)
  network = await createCachedNetwork(site.node)
})
afterAll(async () => {
  await network?.delete()
  await pod?.delete()
  await site?.delete()
})

const { internet, onPrem } = DESTINATIONS

/** Rules of somebody else, and then ours again, which a flush of everything took along. */
async function write(rules: string): Promise<void> {
  await site.node.sh(rules)
  await network.add('web', [`${POD.ipv4}/24`, `${POD.ipv6}/64`])
}
afterEach(() =>
  site.node.sh(`nft flush ruleset; for table in raw filter mangle; do
    ! grep -qs $table /proc/net/ip_tables_names || { iptables-legacy -t $table -F; iptables-legacy -t $table -X; }; done
    ! grep -qs filter /proc/net/ip_tables_names || iptables-legacy -P FORWARD ACCEPT`),
)

async function explain(destination: string) {
  const { status, stdout, stderr } = await network.command(`explain --json shop/web ${destination}`)
  if (stderr !== '') throw new Error(stderr)
  const [one] = JSON.parse(stdout).explanations
  return { status, one, part: one.parts[0] }
}

/** The answer for a person, without its last lines. */
async function explained(destination: string): Promise<readonly string[]> {
  return (await network.command(`explain shop/web ${destination}`)).lines
}

const who = `shop/web (${POD.ipv4}), network cbr0`
const iptables = (tool: string) => ({
  untracked: `${tool} -t raw -A PREROUTING -s 10.244.0.0/16 -j CT --notrack`,
  untrackedDrop: `${tool} -t raw -A PREROUTING -s 10.244.0.0/16 -j CT --notrack; ${tool} -N others
    ${tool} -A others -j DROP; ${tool} -A FORWARD -m conntrack --ctstate UNTRACKED -j others`,
  closed: `${tool} -P FORWARD DROP; ${tool} -A FORWARD -i docker0 -j ACCEPT`,
  refused: `${tool} -A FORWARD -m conntrack --ctstate INVALID -j DROP; ${tool} -A FORWARD -o wan -m conntrack --ctstate NEW -j REJECT`,
  perhaps: `${tool} -P FORWARD DROP; ${tool} -A FORWARD -p tcp -j ACCEPT; ${tool} -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT`,
  late: `${tool} -t mangle -A POSTROUTING -s 10.244.0.0/16 -o wan -j DROP`,
})

const chain = (type: string, rules: string) =>
  `nft -f - <<< 'table inet site { chain guard { type filter hook ${type}; ${rules}; }
    }'`

const KINDS = {
  'iptables-nft': iptables('iptables-nft'),
  'iptables-legacy': iptables('iptables-legacy'),
  nftables: {
    untracked: chain('prerouting priority raw', 'iifname "pod" notrack'),
    untrackedDrop: `nft -f - <<< 'table inet site { chain others { drop; }
      chain early { type filter hook prerouting priority raw; iifname "pod" notrack; }
      chain guard { type filter hook forward priority filter; ct state untracked jump others; }
    }'`,
    closed: chain('forward priority filter; policy drop', 'iifname "docker0" accept'),
    refused: chain('forward priority filter', 'ct state invalid drop; oifname "wan" ct state new reject'),
    perhaps: chain(
      'forward priority filter; policy drop',
      'meta l4proto tcp accept; ct state established accept',
    ),
    late: chain('postrouting priority mangle', 'ip saddr 10.244.0.0/16 oifname "wan" drop'),
  },
} as const

describe.each(Object.entries(KINDS))('%s:', (place, rules) => {
  const table = (name: string) => (place === 'nftables' ? 'inet site' : `ip ${name}`)
  const base = (name: string) => (place === 'nftables' ? 'guard' : name)

  test('what is not tracked is not masqueraded', async () => {
    await write(rules.untracked)
    const { status, one, part } = await explain(internet)
    expect([status, part.verdict.masqueraded, part.seenAs]).toEqual([
      1,
      true,
      [await sourceSeen(pod, internet)],
    ])
    expect(part.seenAs).toEqual([POD.ipv4])
    expect(part.filters).toMatchObject([
      {
        ...{ effect: 'notrack', hook: 'prerouting', place, table: table('raw'), priority: -300 },
        ...{ chains: [base('PREROUTING')], certain: true },
      },
    ])
    expect(one.problems).toEqual([
      expect.stringMatching(/^nobody translates the source of these packets, because they are not tracked: /),
    ])
    const lines = await explained(internet)
    expect(lines[0]).toBe(
      `${who}, to ${internet}: not masqueraded, because a rule in ${table('raw')} makes it untracked, seen as ${POD.ipv4}`,
    )
    expect(lines.filter((line) => /pre|post/.test(line))).toEqual([
      expect.stringMatching(/^ {4}\| prerouting {2}-300 {2}.*\(unknown\): makes it untracked: /),
      '    | postrouting       no chain for NAT sees what is untracked',
    ])
    // Nothing is lost for what is exempt.
    const exempt = await explain(onPrem)
    expect([exempt.status, exempt.part.seenAs, exempt.one.problems]).toEqual([
      ...[0, [await sourceSeen(pod, onPrem)], []],
    ])
  })

  test('a chain that only untracked packets come to', async () => {
    await write(rules.untrackedDrop)
    const { status, part } = await explain(internet)
    expect(await isLost(pod, internet)).toBe(true)
    expect([status, part.seenAs]).toEqual([1, null])
    expect(part.filters).toMatchObject([
      { effect: 'notrack', hook: 'prerouting', certain: true },
      { effect: 'drop', hook: 'forward', chains: [base('FORWARD'), 'others'], certain: true },
    ])
  })

  test('a policy of drop', async () => {
    await write(rules.closed)
    const { status, one, part } = await explain(internet)
    expect(await isLost(pod, internet)).toBe(true)
    expect([status, part.seenAs]).toEqual([1, null])
    expect(part.filters).toMatchObject([
      { effect: 'drop', hook: 'forward', place, table: table('filter'), rule: null, certain: true },
    ])
    const where = `${place === 'nftables' ? '' : `${place} `}${table('filter')} ${base('FORWARD')}`
    expect(one.problems).toEqual([
      `these packets are dropped in ${where}: its policy is drop; let them pass there`,
    ])
    expect((await explained(internet)).slice(0, 7)).toEqual([
      `${who}, to ${internet}: masqueraded, but the policy of ${table('filter')} ${base('FORWARD')} drops it`,
      expect.stringMatching(/^ {2}because: /),
      `    ${who.split(',')[0]}, in through pod`,
      '    | prerouting   a Service address becomes one of its endpoints',
      '    | routing      out through wan, next hop 198.51.100.2',
      `    | forward        0  ${where} (unknown): drops it: policy drop`,
      `    x nothing comes to ${internet}`,
    ])
  })

  test('a rule that drops what is new', async () => {
    await write(rules.refused)
    const { status, part } = await explain(internet)
    expect([status, part.seenAs, part.filters.length, part.filters[0].certain]).toEqual([1, null, 1, true])
    expect(await sourceSeen(pod, internet)).toMatch(/refused|no answer/)
  })

  test('a rule that drops it on its way out', async () => {
    await write(rules.late)
    const { status, part } = await explain(internet)
    expect(await isLost(pod, internet)).toBe(true)
    expect([status, part.seenAs]).toEqual([1, null])
    expect(part.filters).toMatchObject([
      { effect: 'drop', hook: 'postrouting', place, table: table('mangle'), priority: -150, certain: true },
    ])
    expect((await explained(internet)).slice(-4, -1)).toEqual([
      expect.stringMatching(/^ {4}\| routing {6}out through wan/),
      expect.stringMatching(/^ {4}\| postrouting -150 {2}.*\(unknown\): drops it: /),
      `    x nothing comes to ${internet}`,
    ])
  })

  test('what may drop some of it is named, and leaves the answer as it is', async () => {
    await write(rules.perhaps)
    const { status, one, part } = await explain(internet)
    expect([status, part.seenAs]).toEqual([0, [await sourceSeen(pod, internet)]])
    expect(part.seenAs).toEqual([NODE.ipv4])
    expect(part.filters).toMatchObject([{ effect: 'drop', rule: null, certain: false }])
    const where = `${place === 'nftables' ? '' : `${place} `}${table('filter')} ${base('FORWARD')}`
    expect(one.notes).toEqual([`these packets may be dropped in ${where}, whose policy is drop`])
  })
})

test('a filter behind the translation may see another source', async () => {
  await write(
    chain('postrouting priority srcnat + 100', `ip saddr ${NODE.ipv4} drop; ip saddr ${POD.ipv4} accept`),
  )
  const { status, one, part } = await explain(internet)
  expect(await isLost(pod, internet)).toBe(true)
  expect([status, part.filters]).toMatchObject([0, [{ hook: 'postrouting', priority: 200, certain: false }]])
  expect(one.notes).toEqual([expect.stringMatching(/^these packets may be dropped in inet site guard/)])
  const lines = await explained(internet)
  const at = lines.findIndex((line) => line.includes('| postrouting'))
  expect(lines.slice(at, at + 3)).toEqual([
    expect.stringMatching(/^ {4}\| postrouting {3}99 {2}inet ip-masq nat-postrouting/),
    expect.stringMatching(/^ {4}\| {14}200 {2}inet site guard \(unknown\): may drop it/),
    `    v ${internet} sees ${NODE.ipv4}`,
  ])
})

test('the priority that iptables-nft gives its security table', async () => {
  await write('iptables-nft -t security -A FORWARD -s 10.244.0.0/16 -j DROP')
  const { part } = await explain(internet)
  const chains = await site.node.sh('nft list chains ip')
  const [, priority] =
    /chain FORWARD \{\s+type filter hook forward priority (\d+);/.exec(String(chains)) ?? []
  expect(part.filters).toMatchObject([{ hook: 'forward', priority: Number(priority), certain: true }])
})

test('a brace in a comment does not hide the rules after it', async () => {
  await write(
    chain('forward priority filter', 'ip saddr 10.1.0.0/16 accept comment "a { b"; oifname "wan" drop'),
  )
  const { part } = await explain(internet)
  expect(await isLost(pod, internet)).toBe(true)
  expect(part.filters).toMatchObject([{ rule: 'oifname "wan" drop', certain: true }])
})

test('a dormant table stops nothing, and translates nothing', async () => {
  await write(`nft -f - <<< 'table inet site { flags dormant;
      chain guard { type filter hook forward priority 0; policy drop; }
      chain out { type nat hook postrouting priority 50; snat ip to 198.51.100.77; }
    }
    table ip other { chain out { type nat hook postrouting priority 200; masquerade; }
      chain guard { type filter hook forward priority 0; ip daddr 192.0.2.1 drop; }
    }'`)
  const { status, part } = await explain(internet)
  expect(await sourceSeen(pod, internet)).toBe(NODE.ipv4)
  expect([status, part.seenAs, part.filters]).toEqual([0, [NODE.ipv4], []])
  // The hooked table beside it is seen.
  expect((await explain(onPrem)).part.others).toMatchObject([{ table: 'ip other', decides: true }])
  expect(await sourceSeen(pod, onPrem)).toBe(NODE.ipv4)
})
