import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { firewall } from '../lab/firewall'
import { OTHERS } from '../lab/foreign'
import type { Namespace } from '../lab/namespace'
import { EXECUTABLES } from '../lab/plugin'
import {
  addPodByHand,
  createSite,
  DESTINATIONS,
  NODE,
  openFlow,
  POD,
  portSeen,
  type Site,
  sourceSeen,
} from '../lab/site'

/** What only nftables can have. A test that is skipped counts as one that failed, so elsewhere there is none. */
const testOverNftables = (name: string, run: () => Promise<void>) => {
  if (firewall.name === 'nftables') test(name, run)
}

/** What explain says is what an echo server sees. One pod, shop/web, ADDed anew for each config. */

const { internet, internet6, onPrem, onPrem6, otherNodesPod, otherNodesPod6, linkLocal } = DESTINATIONS

let site: Site
let pod: Namespace
let network: CachedNetwork
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-explain-'))
  site = await createSite()
  pod = await addPodByHand(site)
  network = await createCachedNetwork(site.node)
})
afterAll(async () => {
  await network?.delete()
  await pod?.delete()
  await site?.delete()
  await rm(directory, { recursive: true })
})

async function explain(destination: string, source = 'shop/web') {
  const { status, stdout, stderr } = await network.command(`explain --json ${source} ${destination}`)
  const json = stdout.startsWith('{') ? JSON.parse(stdout) : { explanations: [] }
  return { status, stderr, json, one: json.explanations[0] }
}

/** Every destination: what is said, and what is seen. */
async function expectSame(destinations: readonly string[]) {
  const said: Record<string, string[]> = {}
  for (const destination of destinations) {
    const { status, one, stderr } = await explain(destination)
    said[destination] = one?.parts[0]?.seenAs
    const seen = await sourceSeen(pod, destination)
    expect([destination, status, stderr, said[destination]]).toEqual([
      ...[destination, 0, '', said[destination]?.includes(seen) ? said[destination] : [seen]],
    ])
  }
  return said
}

async function roll(keys: Record<string, unknown>, more: Record<string, unknown> = {}) {
  await network.writeConflist(keys)
  await network.add('web', [`${POD.ipv4}/24`, `${POD.ipv6}/64`])
  if (Object.keys(more).length > 0) await network.cache('web', [`${POD.ipv4}/24`, `${POD.ipv6}/64`], more)
}

const nat = (value: Record<string, unknown>) => ({
  name: 'EndpointPolicy',
  value: { Type: 'OutBoundNAT', ...value },
})

describe('a packet proves it:', () => {
  test.each<[string, Record<string, unknown>, Record<string, string>]>([
    [
      'the defaults',
      {},
      { [internet]: NODE.ipv4, [internet6]: NODE.ipv6, [onPrem]: POD.ipv4, [linkLocal]: POD.ipv4 },
    ],
    [
      'lists of ours',
      { nonMasqueradeCIDRs: ['203.0.113.0/24', 'fd00::/8'], masqueradeCIDRs: ['fd77::/64'] },
      { [internet]: POD.ipv4, [onPrem]: NODE.ipv4, [onPrem6]: NODE.ipv6, [otherNodesPod6]: POD.ipv6 },
    ],
    [
      'snatTo',
      { snatTo: { ipv4: '198.51.100.77', ipv6: '2001:db8:51::77' } },
      { [internet]: '198.51.100.77', [internet6]: '2001:db8:51::77', [onPrem]: POD.ipv4 },
    ],
    ['outInterfaces that packets leave through', { outInterfaces: ['w+'] }, { [internet]: NODE.ipv4 }],
    ['outInterfaces that they do not leave through', { outInterfaces: ['other'] }, { [internet]: POD.ipv4 }],
    [
      'several Windows policies',
      {
        policies: [
          nat({ Exceptions: ['192.168.0.0/16', '203.0.113.9/32'] }),
          nat({ Destinations: ['203.0.113.9'], VIP: '198.51.100.78' }),
        ],
      },
      { [internet]: '198.51.100.78', [onPrem]: POD.ipv4, [otherNodesPod]: NODE.ipv4, [internet6]: NODE.ipv6 },
    ],
    [
      'destinations of one Windows policy',
      { policies: [nat({ Destinations: ['192.168.77.1', '2001:db8:cafe::/48'], ExceptionList: [] })] },
      { [internet]: POD.ipv4, [onPrem]: NODE.ipv4, [internet6]: NODE.ipv6, [onPrem6]: POD.ipv6 },
    ],
    ['IPv6 off', { ipv6: false }, { [internet]: NODE.ipv4, [internet6]: POD.ipv6 }],
    [
      'a namespace that is left alone',
      { exceptNamespaces: ['shop'] },
      { [internet]: POD.ipv4, [internet6]: POD.ipv6 },
    ],
  ])('%s', async (_, keys, expected) => {
    await roll(keys)
    const said = await expectSame(Object.keys(expected))
    for (const [destination, source] of Object.entries(expected))
      expect([destination, said[destination]]).toEqual([destination, [source]])
  })

  test('a pod’s own list', async () => {
    const keys = { podLists: 'both', capabilities: { nonMasqueradeCIDRs: true } }
    const list = ['203.0.113.0/24']
    await roll(keys, { capabilityArgs: { nonMasqueradeCIDRs: list } })
    // The cache is what the runtime writes; the ADD itself had no list.
    await network.command('sync')
    await expectSame([internet, onPrem])
    const { one } = await explain(internet)
    expect(one.parts[0].because).toEqual({
      ...{ kind: 'pod', text: 'runtimeConfig.nonMasqueradeCIDRs[0]', prefix: '203.0.113.0/24' },
      ...{ policy: null, place: null, source: null },
    })
  })

  test('toPorts', async () => {
    await roll({ toPorts: '40000-40009' })
    await expectSame([internet])
    expect((await network.command(`explain shop/web ${internet}`)).lines[0]).toBe(
      `shop/web (${POD.ipv4}), network cbr0, to ${internet}: masqueraded from ports 40000-40009, seen as ${NODE.ipv4}`,
    )
    const { address, port } = await portSeen(pod, internet, 'tcp')
    expect(address).toBe(NODE.ipv4)
    expect(port).toBeGreaterThanOrEqual(40000)
    expect(port).toBeLessThanOrEqual(40009)
  })

  test('files that the config names', async () => {
    await mkdir(join(directory, 'agent'), { recursive: true })
    const file = join(directory, 'agent', 'config')
    await writeFile(file, 'nonMasqueradeCIDRs:\n  - 203.0.113.0/24\nmasqLinkLocal: true\n')
    await roll({ configFiles: [join(directory, 'agent', '*')] })
    await expectSame([internet, onPrem, linkLocal])
    const { one } = await explain(internet)
    expect(one.parts[0].because).toEqual({
      ...{
        kind: 'file',
        text: 'nonMasqueradeCIDRs[0]',
        prefix: '203.0.113.0/24',
        policy: null,
        source: null,
      },
      place: { file, line: 2, column: 5 },
    })
  })
})

describe('which of the node’s addresses:', () => {
  const SETUP = {
    'the first of the next hop’s subnet, not the first of the interface': `
      ip address flush dev wan scope global
      ip address add 192.0.2.77/24 dev wan; ip address add ${NODE.ipv4}/24 dev wan; ip address add 198.51.100.77/24 dev wan
      ip address add ${NODE.ipv6}/64 dev wan nodad
      ip route replace default via 198.51.100.2; ip -6 route replace default via 2001:db8:51::2`,
    'not the one that a route names as its source': `
      ip route replace 203.0.113.0/24 via 198.51.100.2 src 198.51.100.77
      ip -6 address add 2001:db8:51::99/64 dev wan nodad preferred_lft 0
      ip -6 route replace 2001:db8:cafe::/48 via 2001:db8:51::2 src 2001:db8:51::99`,
    'an address of the world, not one of the link': `
      ip route del 203.0.113.0/24; ip -6 route del 2001:db8:cafe::/48; ip -6 address del 2001:db8:51::99/64 dev wan
      ip address add 198.51.100.3/30 dev wan scope link`,
    'a deprecated IPv6 address last': `
      ip -6 address add 2001:db8:51::aa/64 dev wan nodad preferred_lft 0
      ip -6 address del ${NODE.ipv6}/64 dev wan; ip -6 address add ${NODE.ipv6}/64 dev wan nodad`,
    'the IPv6 address that is like the destination': `
      ip -6 address add fd77:0:0:1::5/128 dev wan nodad`,
  }
  test.each(Object.entries(SETUP))('%s', async (_, script) => {
    await roll({ nonMasqueradeCIDRs: [] })
    await site.node.sh(script)
    const said = await expectSame([internet, internet6, onPrem6])
    expect([said[internet], said[internet6]]).toEqual([[NODE.ipv4], [NODE.ipv6]])
  })
})

describe('which line decides:', () => {
  test('the place in the conflist, the way, and the policy', async () => {
    await roll({ nonMasqueradeCIDRs: ['192.168.0.0/16'] })
    const { one, json } = await explain(onPrem)
    expect(json).toMatchObject({ mode: 'live', unseen: [] })
    expect(one).toEqual({
      source: POD.ipv4,
      destination: onPrem,
      asked: { source: 'shop/web', destination: null },
      pod: { pod: 'shop/web', network: 'cbr0', containerID: 'web', ifname: 'eth0' },
      rules: [{ place: firewall.name, policy: (await firewall.policies(site.node))[POD.ipv4] }],
      parts: [
        {
          destination: onPrem,
          verdict: { masqueraded: false, source: null },
          wanted: null,
          outInterfaces: [],
          toPorts: [],
          because: {
            ...{
              kind: 'key',
              text: 'nonMasqueradeCIDRs[0]',
              prefix: '192.168.0.0/16',
              policy: null,
              source: null,
            },
            place: { file: join(network.confDir, '10-pods.conflist'), line: 1, column: expect.any(Number) },
          },
          seenAs: [POD.ipv4],
          route: { kind: 'out', in: 'pod', out: 'wan', nextHop: '198.51.100.2', refusal: null },
          others: [],
          filters: [],
          olderFlows: [],
        },
      ],
      problems: [],
      notes: expect.any(Array),
    })
  })

  test('a prefix, part by part', async () => {
    await roll({ nonMasqueradeCIDRs: ['192.168.0.0/17'] })
    const { one, status } = await explain('192.168.0.0/16')
    expect(status).toBe(0)
    expect(
      one.parts.map(({ destination, verdict, because }: never) => [
        destination,
        verdict,
        (because as { text: string }).text,
      ]),
    ).toEqual([
      ['192.168.0.0/17', { masqueraded: false, source: null }, 'nonMasqueradeCIDRs[0]'],
      ['192.168.128.0/17', { masqueraded: true, source: null }, 'nothing exempts it'],
    ])
  })

  test('a prefix whose first addresses are the node’s own', async () => {
    await roll({})
    const { one } = await explain('10.244.1.0/24')
    expect(one.parts.map(({ route, seenAs }: never) => [(route as { kind: string }).kind, seenAs])).toEqual([
      ['out', [POD.ipv4]],
    ])
  })

  test('for a person', async () => {
    await roll({ nonMasqueradeCIDRs: ['192.168.0.0/16'] })
    const { stdout } = await network.command(`explain shop/web ${onPrem}`)
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      `shop/web (${POD.ipv4}), network cbr0, to ${onPrem}: not masqueraded, seen as ${POD.ipv4}`,
      expect.stringMatching(
        new RegExp(
          `^  because: nonMasqueradeCIDRs\\[0\\] "192.168.0.0/16", ${network.confDir}/10-pods.conflist:1:\\d+$`,
        ),
      ),
    ])
  })
})

describe('when not all is as it should be:', () => {
  test('the conflist asks for something else by now', async () => {
    await roll({})
    await network.writeConflist({ nonMasqueradeCIDRs: ['203.0.113.0/24'] })
    const { status, one } = await explain(internet)
    expect([status, await sourceSeen(pod, internet)]).toEqual([1, NODE.ipv4])
    expect(one.parts[0]).toMatchObject({
      verdict: { masqueraded: true, source: null },
      wanted: { masqueraded: false, source: null },
      because: { text: 'nonMasqueradeCIDRs[0]' },
      seenAs: [NODE.ipv4],
    })
    expect(one.problems).toEqual([
      'the rules in the kernel are others than the conflist asks for: ip-masq sync changes them',
    ])
    await network.command('sync')
    expect(await explain(internet)).toMatchObject({ status: 0 })
  })

  test('settings that are about all destinations too', async () => {
    await roll({ toPorts: '40000-40009' })
    expect((await explain(internet)).one.problems).toEqual([])
    await network.writeConflist({ toPorts: '40000-40019', outInterfaces: ['wan'], randomFully: false })
    const problem = (key: string) =>
      `the rules in the kernel have another ${key} than the conflist asks for: ip-masq sync changes them`
    expect((await explain(internet)).one.problems).toEqual(
      ['outInterfaces', 'toPorts', 'randomFully'].map(problem),
    )
    await network.command('sync')
    expect(await explain(internet)).toMatchObject({ status: 0, one: { problems: [] } })
  })

  test('a conflist that cannot be used', async () => {
    await roll({})
    await network.writeConflist({ toPorts: '0' })
    const refused = await explain(internet)
    expect([refused.status, refused.one.parts[0].because, refused.one.parts[0].seenAs]).toEqual([
      1,
      null,
      [NODE.ipv4],
    ])
    expect(refused.one.problems).toEqual([
      'network cbr0: Cannot use toPorts "0": write ports from 1 to 65535',
    ])
    const file = join(network.confDir, '10-pods.conflist')
    await writeFile(file, '{ "name": "cbr0", }')
    const torn = await explain(internet)
    expect([torn.status, torn.one.parts[0].seenAs, torn.one.parts[0].because.text]).toEqual([
      ...[1, [NODE.ipv4], 'nothing exempts it'],
    ])
    expect(torn.one.problems).toEqual([
      `${file}: it is not JSON: line 1, column 19: write a key in double quotes`,
    ])
    expect(torn.one.notes).toEqual([
      `network cbr0: no conflist in ${network.confDir} has this name`,
      'this is by the conflist of its ADD, as the runtime cached it',
    ])
  })

  test('the directory of the conflists is another one', async () => {
    await roll({})
    const { confDir } = network
    await rename(confDir, `${confDir}-elsewhere`)
    const { status, one } = await explain(internet)
    await rename(`${confDir}-elsewhere`, confDir)
    expect([status, one.parts[0].seenAs, one.problems, one.notes]).toEqual([
      1,
      [NODE.ipv4],
      [`there is no directory ${confDir}; name the right directory with --conf-dir or --profile`],
      ['this is by the conflist of its ADD, as the runtime cached it'],
    ])
  })

  test('the rules are gone', async () => {
    await roll({})
    await site.node.sh(firewall.flush)
    const { status, one } = await explain(internet)
    expect([status, await sourceSeen(pod, internet)]).toEqual([1, POD.ipv4])
    expect(one).toMatchObject({
      rules: [],
      parts: [{ verdict: { masqueraded: false }, wanted: { masqueraded: true }, seenAs: [POD.ipv4] }],
      problems: ['there are no rules for this address, and the conflist asks for some: run ip-masq sync'],
    })
  })

  // Packets do not come to the owners, and these are not exempt.
  const damages = firewall.damages.filter(([name]) => name !== 'the owners' && name !== 'the exemptions')
  test.each(damages)('somebody has damaged %s', async (_, damage) => {
    await roll({})
    await site.node.sh(damage)
    const { status, one } = await explain(internet)
    const seen = await sourceSeen(pod, internet)
    expect([status, one.parts.length]).toEqual([1, 1])
    expect(one.parts[0].seenAs ?? [seen]).toEqual([seen])
    expect(one.problems).not.toEqual([])
    await network.command('sync')
    expect(await explain(internet)).toMatchObject({ status: 0, one: { parts: [{ seenAs: [NODE.ipv4] }] } })
  })

  test('a result cache that was named and is not there', async () => {
    const { status, stdout } = await network.command(
      `explain --json shop/web ${internet} --cache-dir /nowhere`,
    )
    expect([status, JSON.parse(stdout).unseen]).toEqual([
      1,
      ['there is no result cache /nowhere/results; check --cache-dir'],
    ])
  })

  test('an address that nobody knows', async () => {
    const { status, one } = await explain(internet, '10.244.1.99')
    expect([status, one.rules, one.pod]).toEqual([1, [], null])
    expect(one.problems).toEqual([
      'no pod is known to have this address: check the address, or name the result caches with --cache-dir',
    ])
    expect(one.notes).toContain('nobody knows which network it belongs to')
    expect(await explain(internet, 'shop/nobody')).toMatchObject({
      status: 1,
      stderr:
        'Cannot explain shop/nobody: neither the rules here nor a result cache have such a pod; write its address, or check --cache-dir',
    })
  })

  test('pods whose names are too long for a note', async () => {
    const [one, other] = ['a', 'b'].map((end) => `web-${'x'.repeat(50)}${end}`) as [string, string]
    await network.add(one, ['10.244.1.21/24'])
    await network.add(other, ['10.244.1.22/24'])
    expect((await explain(internet, `shop/${one}`)).one).toMatchObject({ source: '10.244.1.21' })
    expect((await explain(internet, `shop/${other}`)).one).toMatchObject({ source: '10.244.1.22' })
    expect((await explain(internet, `shop/${one.slice(0, -1)}`)).status).toBe(1)
    for (const name of [one, other]) await network.del(name)
  })

  test('an address of the node, and one that the kernel has no route to', async () => {
    await roll({})
    expect((await explain(internet, NODE.ipv4)).one.notes).toContain(
      'the source is an address of this node, and of no pod',
    )
    expect((await explain(NODE.ipv4)).one.parts[0]).toMatchObject({
      route: { kind: 'local' },
      seenAs: [POD.ipv4],
    })
    await site.node.sh('ip route add unreachable 192.0.2.128/25')
    const { status, one } = await explain('192.0.2.129')
    expect([status, one.parts[0].route.kind]).toEqual([1, 'none'])
    await site.node.sh('ip route del unreachable 192.0.2.128/25')
  })

  test('multicast and broadcast', async () => {
    await roll({})
    const multicast = 'multicast is forwarded by multicast routes only (ip mroute)'
    for (const [destination, refusal] of [
      ['224.0.0.251', multicast],
      ['ff02::fb', multicast],
      ['255.255.255.255', 'a broadcast is not forwarded'],
    ] as const) {
      const { status, one } = await explain(destination)
      expect([destination, status, one.parts[0].route.kind, one.parts[0].route.refusal]).toEqual([
        ...[destination, 0, 'group', refusal],
      ])
      expect([one.parts[0].seenAs, one.problems]).toEqual([null, []])
    }
    expect((await network.command('explain shop/web ff02::fb')).lines[0]).toBe(
      `shop/web (${POD.ipv6}), network cbr0, to ff02::fb: not masqueraded, and ${multicast}`,
    )
  })

  test('an address that another pod has by now', async () => {
    await roll({})
    const entry = await network.cache('gone', [`${POD.ipv4}/24`])
    const { status, one } = await explain(internet, 'shop/gone')
    expect([status, one.pod.pod, one.problems]).toEqual([
      1,
      'shop/gone',
      [
        'the rules of this address belong to shop/web, which got the address later: see ip-masq list --address',
      ],
    ])
    expect(await explain(internet, POD.ipv4)).toMatchObject({ status: 0, one: { pod: { pod: 'shop/web' } } })
    await rm(entry)
  })

  // In iptables another chain still names the owner.
  testOverNftables('rules without an owner', async () => {
    await roll({})
    await network.uncache('web')
    await site.node.sh(firewall.loseOwner(POD.ipv4))
    const { status, one } = await explain(internet, POD.ipv4)
    expect([status, one.problems]).toEqual([
      1,
      ['these rules have no owner, so no DEL removes them: ip-masq sync mends it, or says how'],
    ])
    await roll({})
  })

  testOverNftables('rules in two places, the first of which leaves it alone', async () => {
    await roll({ backend: 'iptables' })
    await roll({ nonMasqueradeCIDRs: ['203.0.113.0/24'] })
    const { lines } = await network.command(`explain shop/web ${internet}`)
    expect(await sourceSeen(pod, internet)).toBe(NODE.ipv4)
    expect(lines[0]).toBe(
      `shop/web (${POD.ipv4}), network cbr0, to ${internet}: masqueraded, seen as ${NODE.ipv4}`,
    )
    const ours = lines.filter((line) => line.includes('(ip-masq)'))
    expect(ours.map((line) => line.replace(/^.*\(ip-masq\): /, ''))).toEqual([
      'left alone',
      'masqueraded  <- decides',
    ])
    await network.command('sync')
    await site.node.sh('iptables -t nat -F POSTROUTING')
  })

  test('a name with a line break', async () => {
    const entry = await network.cache('torn', ['10.244.1.31/24'], {
      cniArgs: [
        ['K8S_POD_NAMESPACE', 'shop'],
        ['K8S_POD_NAME', 'a\nb'],
      ],
    })
    const { lines } = await network.command(`explain 10.244.1.31 ${internet}`)
    expect(lines[0]).toBe(
      `10.244.1.31, pod shop/a\\nb, network cbr0, to ${internet}: not masqueraded, seen as 10.244.1.31`,
    )
    await rm(entry)
  })
})

describe('others’ source NAT:', () => {
  const ownTool = firewall.name === 'nftables' ? 'iptables' : firewall.name
  const otherTool = firewall.name === 'iptables-legacy' ? 'iptables-nft' : 'iptables-legacy'
  const clean = () =>
    site.node.sh(`${firewall.flush}
      nft -f - <<< 'flush ruleset'
      iptables-legacy -t nat -F; iptables-legacy -t nat -X`)

  test('what is exempt here is masqueraded by a rule that comes later, unless it is pinned', async () => {
    const keys = { nonMasqueradeCIDRs: ['203.0.113.0/24'] }
    await roll(keys)
    await site.node.sh(OTHERS.agent.replaceAll('iptables ', `${ownTool} `))
    const { status, one } = await explain(internet)
    const [part] = one.parts
    expect([status, part.verdict.masqueraded, part.seenAs]).toEqual([
      1,
      false,
      [await sourceSeen(pod, internet)],
    ])
    expect(part.seenAs).toEqual([NODE.ipv4])
    expect(part.others.map(({ owner, decides, order }: never) => [owner, decides, order])).toEqual([
      ['ip-masq-agent', true, 'after'],
    ])
    expect((await network.command(`explain shop/web ${internet}`)).lines[0]).toBe(
      `shop/web (${POD.ipv4}), network cbr0, to ${internet}: not masqueraded, but ip-masq-agent masquerades it, seen as ${NODE.ipv4}`,
    )
    await roll({ ...keys, pinExemptions: true })
    const pinned = await explain(internet)
    expect([pinned.status, pinned.one.parts[0].seenAs]).toEqual([0, [await sourceSeen(pod, internet)]])
    expect(pinned.one.parts[0].seenAs).toEqual([POD.ipv4])
    await clean()
  })

  test('pinned in iptables is pinned against its own table only', async () => {
    await roll({ nonMasqueradeCIDRs: ['203.0.113.0/24'], pinExemptions: true })
    await site.node.sh(OTHERS.firewalld)
    const { status, one } = await explain(internet)
    const isHeld = firewall.name === 'nftables'
    expect([status, one.parts[0].seenAs]).toEqual([isHeld ? 0 : 1, [await sourceSeen(pod, internet)]])
    expect(one.parts[0].seenAs).toEqual([isHeld ? POD.ipv4 : NODE.ipv4])
    await clean()
  })

  test('what is exempt for another reason than a prefix is not pinned', async () => {
    await roll({
      pinExemptions: true,
      policies: [nat({ Destinations: ['192.168.77.1'], ExceptionList: [] })],
    })
    await site.node.sh(OTHERS.agent.replaceAll('iptables ', `${ownTool} `))
    const { one } = await explain(internet)
    expect(one.parts[0].seenAs).toEqual([await sourceSeen(pod, internet)])
    expect(one.parts[0].seenAs).toEqual([NODE.ipv4])
    await clean()
  })

  test('a rule that comes first decides, and what is masqueraded here stays so', async () => {
    await roll({})
    await site.node.sh(`${OTHERS.unknown}; ${OTHERS.agent.replaceAll('iptables ', `${otherTool} `)}`)
    const { status, one } = await explain(internet)
    expect([status, one.parts[0].seenAs]).toEqual([1, [await sourceSeen(pod, internet)]])
    expect(one.parts[0].seenAs).toEqual(['198.51.100.78'])
    await clean()
  })

  test('kube-proxy, which masquerades what it has marked, is named and makes nothing uncertain', async () => {
    await roll({})
    await site.node.sh(OTHERS.kubeProxyNft)
    const { status, one } = await explain(onPrem)
    expect([status, one.parts[0].seenAs]).toEqual([0, [await sourceSeen(pod, onPrem)]])
    expect(one.parts[0].others.map(({ owner, needsMark }: never) => [owner, needsMark])).toEqual([
      ['kube-proxy', true],
    ])
    await clean()
  })

  test('Cilium’s BPF cannot be seen', async () => {
    await roll({})
    await site.node.sh('ip link add cilium_host type veth peer name cilium_net')
    const { status, json } = await explain(internet)
    expect([status, json.unseen]).toEqual([
      ...[1],
      ['Cilium is on this node. Its masquerade in BPF is in no rule; see cilium-dbg status --verbose'],
    ])
    await site.node.sh('ip link del cilium_host')
  })
})

test('a flow that is established keeps the older decision, and is counted', async () => {
  await roll({})
  const flow = openFlow(pod, internet)
  expect(await flow.ask()).toBe(NODE.ipv4)
  await roll({ nonMasqueradeCIDRs: ['203.0.113.0/24'] })
  expect(await flow.ask()).toBe(NODE.ipv4)
  const { status, one } = await explain(internet)
  expect(status).toBe(0)
  expect(one.parts[0]).toMatchObject({
    seenAs: [POD.ipv4],
    olderFlows: [{ destination: internet, seenAs: NODE.ipv4 }],
  })
  expect((await network.command(`explain shop/web ${internet}`)).stdout).toContain(
    `\n  established: 1 flow keeps ${NODE.ipv4}, which was decided when it began`,
  )
  flow.close()
})

test('the file for Node says the same, with ip and nft', async () => {
  await roll({ nonMasqueradeCIDRs: ['192.168.0.0/16'], snatTo: { ipv6: '2001:db8:51::77' } })
  const options = `--json --conf-dir ${network.confDir} --cache-dir ${network.cacheDir}`
  for (const destination of [internet, internet6, onPrem, NODE.ipv4]) {
    const { one } = await explain(destination)
    const [byNode] = JSON.parse(
      await site.node.sh(`${EXECUTABLES.node} explain ${options} shop/web ${destination}`),
    ).explanations
    expect({ ...byNode, notes: [] }).toEqual({ ...one, notes: [] })
  }
})

/** The names that tests choose, as the documents have them. */
const asInDocuments = (text: string) => text.replaceAll(network.confDir, '/etc/cni/net.d')

testOverNftables('the output in the documents', async () => {
  await roll({ nonMasqueradeCIDRs: ['10.0.0.0/8', '192.168.0.0/16'], masqueradeCIDRs: ['192.168.200.0/24'] })
  const file = join(network.confDir, '10-pods.conflist')
  await writeFile(file, `${JSON.stringify(JSON.parse(await readFile(file, 'utf8')), null, 2)}\n`)
  await site.node.sh(`nft -f - <<< 'flush ruleset'; ${OTHERS.flannelNft}`)
  await network.command('sync')
  const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  for (const line of [`shop/web ${internet}`, `shop/web ${onPrem}`, 'shop/web 192.168.128.0/17']) {
    const { stdout } = await network.command(`explain ${line}`)
    expect(page).toContain(`$ ip-masq explain ${line}\n${asInDocuments(stdout)}\n`)
  }
  const json = await readFile(new URL('../../docs/json.md', import.meta.url), 'utf8')
  const { json: printed } = await explain(onPrem)
  expect(json).toContain(asInDocuments(JSON.stringify(printed, null, 2)))
})
