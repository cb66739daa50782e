import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Wanted } from '../../src/backend/backend'
import { iptables } from '../../src/backend/iptables'
import type { ToolProcess } from '../../src/backend/iptables/tool'
import { intentOf } from '../../src/config/intent'
import { parseConfig } from '../../src/config/parse'
import { NO_SOURCES } from '../../src/config/settings'
import { decidePolicy } from '../../src/policy/policy'
import { parseAddressWithLength } from '../../src/policy/prefix'
import { createNamespace, type Namespace } from '../lab/namespace'
import { createSite, DESTINATIONS, NODE, portSeen, type Site, sourceSeen, startEchoServer } from '../lab/site'

/** The rules in iptables' tables, in both of its kinds: who owns an address, and what a peer sees of a pod. */

const { internet, internet6, onPrem, onPrem6 } = DESTINATIONS
const POD = { ipv4: '10.244.1.7', ipv6: 'fd00:244:1::7' } as const

let site: Site
let pod: Namespace
beforeAll(async () => {
  site = await createSite()
  pod = await createNamespace('pod')
  await site.node.sh(`ip link add pod type veth peer name eth0 netns ${pod.name}
    ip address add 10.244.1.1/24 dev pod; ip address add fd00:244:1::1/64 dev pod nodad; ip link set pod up
    ip address add 198.51.100.77/24 dev wan; ip address add 198.51.100.78/24 dev wan
    ip address add 2001:db8:51::77/64 dev wan nodad preferred_lft 0`)
  await pod.sh(`ip link set eth0 up
    ip address add ${POD.ipv4}/24 dev eth0; ip address add ${POD.ipv6}/64 dev eth0 nodad
    ip route add default via 10.244.1.1; ip -6 route add default via fd00:244:1::1`)
  await startEchoServer(pod)
})
afterAll(async () => {
  await pod?.delete()
  await site?.delete()
})

const wanted = (containerID: string, addresses: readonly string[], keys = {}): Wanted => {
  const ips = addresses.map(parseAddressWithLength)
  return {
    attachment: { containerID, ifname: 'eth0', network: 'n', pod: 'shop/web', namespace: 'shop' },
    addresses: ips.map(({ address }) => address),
    policy: decidePolicy(intentOf({ config: parseConfig(keys), sources: NO_SOURCES }, ''), ips),
  }
}

describe.each(['-nft', '-legacy'] as const)('iptables%s', (variant) => {
  const runs: string[] = []
  let hasComments = true
  const run: ToolProcess = (tool, args, input) => {
    runs.push(tool)
    const inside = ['netns', 'exec', site.node.name, tool, ...args]
    // As a kernel without the match: a refusal that does not say why.
    if (!hasComments && input.includes('-m comment')) {
      return { outcome: 'exited', status: 1, stdout: '', stderr: `${tool}: line 9 failed\n` }
    }
    const { status, stdout, stderr } = spawnSync('ip', inside, { input, encoding: 'utf8' })
    return { outcome: 'exited', status: status ?? -1, stdout, stderr }
  }
  const host = {
    findTool: () => ({ file: '' }),
    effectiveCapabilities: async () => undefined,
    epochSeconds: () => 1_790_000_000,
  }
  const backend = iptables({ run, variant }, host)
  const { remove } = backend
  /** And a CHECK that finds nothing: what iptables prints is what was written. */
  const add = (one: Wanted) => {
    const applied = backend.apply(one)
    expect(backend.verify(one)).toEqual([])
    return applied
  }
  const runsOf = (work: () => unknown) => {
    runs.length = 0
    work()
    return [...runs]
  }
  const list = async () => {
    const text = await site.node.sh(`iptables${variant} -t nat -S; ip6tables${variant} -t nat -S`)
    return text.split('\n').filter((line) => /IPM-[AO]-|-A (IP-MASQ|POSTROUTING)/.test(line))
  }
  /** Address -> who its chain says holds it. */
  const holders = async () => (await list()).filter((line) => line.includes('-j IPM-O-')).length

  beforeEach(() =>
    site.node
      .sh(`for tool in iptables${variant} ip6tables${variant}; do $tool -t nat -F; $tool -t nat -X; done`)
      .then(() => {}),
  )
  afterAll(() =>
    site.node
      .sh(`for tool in iptables${variant} ip6tables${variant}; do $tool -t nat -F; $tool -t nat -X; done`)
      .then(() => {}),
  )

  const both = (ipv4: string, ipv6: string) => [`${ipv4}/24`, `${ipv6}/64`]
  const A = wanted('a', both(POD.ipv4, POD.ipv6))
  const B = wanted('b', both('10.244.1.8', 'fd00:244:1::8'))
  const restore = [`iptables${variant}-restore`, `ip6tables${variant}-restore`]

  test('the jump is the first rule, and is there once', async () => {
    await site.node.sh(`iptables${variant} -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE`)
    add(A)
    add(B)
    expect((await list()).filter((line) => line.startsWith('-A POSTROUTING'))).toEqual([
      '-A POSTROUTING -j IP-MASQ',
      '-A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE',
      '-A POSTROUTING -j IP-MASQ',
    ])
  })

  test('an ADD of a policy that is there is one restore for each family', () => {
    add(A)
    expect(runsOf(() => backend.apply(B))).toEqual(restore)
    expect(runsOf(() => backend.apply(wanted('c', ['10.244.1.9/24'])))).toEqual(restore.slice(0, 1))
  })

  test('a DEL is one restore for each family, and leaves nothing of the pod', async () => {
    add(A)
    add(B)
    expect(runsOf(() => remove(A.attachment, A.addresses))).toEqual(restore)
    expect(await holders()).toBe(2)
    remove(B.attachment, [])
    expect((await list()).filter((line) => !line.startsWith('-A POSTROUTING'))).toEqual([])
  })

  test('a DEL that finds nothing asks both families, and changes nothing', async () => {
    add(A)
    const before = await list()
    const lists = [`iptables${variant}`, `ip6tables${variant}`]
    expect(runsOf(() => remove(B.attachment, []))).toEqual(lists)
    expect(await list()).toEqual(before)
  })

  test('a DEL that comes late leaves the address to the pod that has it now', async () => {
    add(A)
    const C = wanted('c', both(POD.ipv4, POD.ipv6))
    add(C)
    const before = await list()
    expect(await holders()).toBe(2)
    remove(A.attachment, A.addresses)
    remove(A.attachment, [])
    expect(await list()).toEqual(before)
    remove(C.attachment, C.addresses)
    expect(await holders()).toBe(0)
  })

  test('a DEL with fewer addresses than the ADD had leaves none behind', async () => {
    const two = wanted('two', ['10.244.1.7/24', '10.244.1.8/24'])
    add(two)
    remove(two.attachment, two.addresses.slice(0, 1))
    expect(await holders()).toBe(0)
  })

  test('an ADD twice, and with another list', async () => {
    add(A)
    add(A)
    expect(await sourceSeen(pod, onPrem)).toBe(POD.ipv4)
    add(wanted('a', both(POD.ipv4, POD.ipv6), { nonMasqueradeCIDRs: [] }))
    expect(await holders()).toBe(2)
    expect(await sourceSeen(pod, onPrem)).toBe(NODE.ipv4)
    expect(await sourceSeen(pod, onPrem6)).toBe(NODE.ipv6)
  })

  test('a policy with everything in it is printed as it was written', () => {
    const keys = {
      masqueradeCIDRs: ['10.100.10.0/24'],
      toPorts: '1024-29999,32768-49151,61000-65535,7',
      snatTo: { ipv4: '192.0.2.8-192.0.2.15', ipv6: '2001:db8::-2001:db8::7' },
      outInterfaces: ['eth0', 'bond*'],
      pinExemptions: true,
      randomFully: false,
    }
    add(wanted('a', both(POD.ipv4, POD.ipv6), keys))
  })

  const tool = `iptables${variant} -t nat`
  test.each<[string, string, (policy: string) => string[]]>([
    ['everything', `${tool} -F; ${tool} -X`, () => ['chain IP-MASQ: missing']],
    ['the jump', `${tool} -F POSTROUTING`, () => ['chain POSTROUTING: missing rule "-j IP-MASQ"']],
    [
      'a rule before the jump',
      `${tool} -I POSTROUTING -s 10.0.0.0/8 -j MASQUERADE`,
      () => ['chain POSTROUTING: "-s 10.0.0.0/8 -j MASQUERADE" comes before "-j IP-MASQ"'],
    ],
    [
      'a jump that is harmless',
      `${tool} -N KUBE-POSTROUTING; ${tool} -I POSTROUTING -j KUBE-POSTROUTING`,
      () => [],
    ],
    [
      'an exemption',
      `${tool} -D POLICY -d 10.0.0.0/8 -j RETURN`,
      (policy) => [`chain ${policy}: missing rule "-d 10.0.0.0/8 -j RETURN"`],
    ],
    [
      'an exemption too many',
      `${tool} -I POLICY -d 203.0.113.0/24 -j RETURN`,
      (policy) => [`chain ${policy}: unexpected rule "-d 203.0.113.0/24 -j RETURN"`],
    ],
    ['the pod', `${tool} -F IP-MASQ`, () => [`${POD.ipv4}: not in IP-MASQ`]],
    [
      'its policy',
      `${tool} -F IPM-A-${POD.ipv4}; ${tool} -A IPM-A-${POD.ipv4} -j RETURN`,
      (policy) => [
        `${POD.ipv4}: -j RETURN, not -g ${policy}`,
        `${POD.ipv4}: belongs to another attachment (none)`,
      ],
    ],
  ])('CHECK finds, and sync repairs: %s', async (_, change, expected) => {
    add(A)
    const [rule = ''] = (await list()).filter((line) => line.startsWith(`-A IPM-A-${POD.ipv4} -g`))
    const policy = rule.split(' ').at(-1) ?? ''
    await site.node.sh(change.replaceAll(' POLICY ', ` ${policy} `))
    const differences = expected(policy)
    expect(backend.verify(A)).toEqual(differences)
    const { changes, repairs } = backend.replace([A, B], { dryRun: false })
    expect(changes.map(({ attachment }) => attachment.containerID)).toContain('b')
    expect(changes.length + repairs.length).toBeGreaterThan(differences.length > 0 ? 1 : 0)
    expect([...backend.verify(A), ...backend.verify(B)]).toEqual([])
    expect(backend.replace([A, B], { dryRun: false })).toMatchObject({ changes: [], repairs: [], script: '' })
  })

  describe('sync', () => {
    const A2 = wanted('a', both(POD.ipv4, POD.ipv6), { nonMasqueradeCIDRs: [] })

    test('moves a pod to another policy, unless that is only a fallback', async () => {
      add(A)
      const fallback = { ...A2, isFallback: true }
      expect(backend.replace([fallback], { dryRun: false })).toMatchObject({ changes: [], script: '' })
      const { changes } = backend.replace([A2], { dryRun: false })
      expect(changes.map(({ what, addresses }) => [what, addresses.length])).toEqual([['changed', 2]])
      expect(backend.verify(A2)).toEqual([])
      expect(await sourceSeen(pod, onPrem)).toBe(NODE.ipv4)
    })

    test('a dry run changes nothing, and its script is the one', async () => {
      const { script } = backend.replace([A], { dryRun: true })
      expect(await list()).toEqual([])
      const [ipv4 = '', ipv6 = ''] = script.split(/(?<=COMMIT\n)/)
      await site.node.sh(
        `iptables${variant}-restore --noflush <<'EOF'\n${ipv4}EOF\nip6tables${variant}-restore --noflush <<'EOF'\n${ipv6}EOF`,
      )
      expect(backend.verify(A)).toEqual([])
    })

    test('leaves an address to the one who holds it', async () => {
      add(A)
      const before = await list()
      const { held, changes } = backend.replace([wanted('other', [`${POD.ipv4}/24`])], { dryRun: false })
      expect(held.map(({ holder }) => holder)).toEqual(['a eth0'])
      expect(changes).toEqual([])
      expect(await list()).toEqual(before)
    })

    test('of a node without pods makes no chains', async () => {
      expect(backend.replace([], { dryRun: false })).toMatchObject({ changes: [], repairs: [], script: '' })
      expect(await site.node.sh(`iptables${variant} -t nat -S`)).not.toContain('IP')
    })
  })

  describe('gc', () => {
    test('takes the stale attachments of both families, and then the policies that no pod has', async () => {
      add(A)
      add(B)
      const keep = wanted('keep', ['10.244.1.9/24'], { nonMasqueradeCIDRs: [] })
      add(keep)
      const isStale = ({ id }: { id: string }) => id !== backend.id(keep.attachment)
      expect(backend.prune(isStale, { dryRun: true })).toMatchObject({ failures: [] })
      expect(backend.verify(A)).toEqual([])
      const { removed, policies, failures } = backend.prune(isStale, { dryRun: false })
      expect(removed.map(({ note, addresses }) => [note?.containerID, addresses.length])).toEqual(
        expect.arrayContaining([
          ['a', 2],
          ['b', 2],
        ]),
      )
      expect({ policies: policies.length, failures }).toEqual({ policies: 2, failures: [] })
      expect(backend.verify(keep)).toEqual([])
      const left = await site.node.sh(`iptables${variant} -t nat -S; ip6tables${variant} -t nat -S`)
      expect(left.match(/^-N IPM-/gm)?.length).toBe(3)
    })

    test('knows network and time of each', () => {
      add(A)
      const seen: unknown[] = []
      backend.prune(
        ({ note }) => {
          seen.push([note?.networkDigest, note?.epochSeconds, note?.containerID, note?.pod])
          return false
        },
        { dryRun: true },
      )
      expect(seen).toEqual([[backend.networkDigest('n'), 1_790_000_000, 'a', 'shop/web']])
    })
  })

  test('where there is no comment match', async () => {
    hasComments = false
    try {
      add(A)
      expect(runsOf(() => add(B)).length).toBe(6)
      expect(await list()).not.toContain('comment')
      await site.node.sh(`${tool} -F IP-MASQ`)
      backend.replace([A, B], { dryRun: false })
      expect([...backend.verify(A), ...backend.verify(B)]).toEqual([])
      remove(A.attachment, A.addresses)
      remove(B.attachment, [])
      expect(await holders()).toBe(0)
    } finally {
      hasComments = true
    }
  })

  test('a missing table is noticed', () => {
    expect(backend.isTableMissing()).toBe(true)
    expect(add(A)).toEqual({ tableWasMissing: true })
    expect(backend.isTableMissing()).toBe(false)
  })

  const cases: [string, Record<string, unknown>, Record<string, string>][] = [
    [
      'the defaults',
      {},
      { [internet]: NODE.ipv4, [internet6]: NODE.ipv6, [onPrem]: POD.ipv4, [onPrem6]: POD.ipv6 },
    ],
    [
      'masqueradeCIDRs',
      { masqueradeCIDRs: ['192.168.77.0/24', 'fd77::1/128'] },
      { [onPrem]: NODE.ipv4, [onPrem6]: NODE.ipv6 },
    ],
    ['a family that is off', { ipv6: false }, { [internet]: NODE.ipv4, [internet6]: POD.ipv6 }],
    [
      'snatTo',
      { snatTo: { ipv4: '198.51.100.77', ipv6: '2001:db8:51::77' } },
      { [internet]: '198.51.100.77', [internet6]: '2001:db8:51::77', [onPrem]: POD.ipv4 },
    ],
    ['outInterfaces', { outInterfaces: ['wa*'] }, { [internet]: NODE.ipv4 }],
    ['other outInterfaces', { outInterfaces: ['eth0', 'wa'] }, { [internet]: POD.ipv4, [onPrem]: POD.ipv4 }],
    [
      'Destinations',
      {
        policies: [
          {
            name: 'EndpointPolicy',
            value: { Type: 'OutBoundNAT', Destinations: ['203.0.113.0/24', onPrem] },
          },
        ],
      },
      { [internet]: NODE.ipv4, '198.51.100.2': POD.ipv4, [onPrem]: POD.ipv4, [internet6]: POD.ipv6 },
    ],
  ]
  test.each(cases)('packets: %s', async (_, keys, expected) => {
    add(wanted('a', both(POD.ipv4, POD.ipv6), keys))
    for (const [destination, source] of Object.entries(expected)) {
      expect([destination, await sourceSeen(pod, destination)]).toEqual([destination, source])
    }
  })

  test.each(['tcp', 'udp'])('packets: toPorts, over %s', async (protocol) => {
    add(wanted('a', both(POD.ipv4, POD.ipv6), { toPorts: '2000-2999,5000-5999' }))
    const seen = await Promise.all(Array.from({ length: 24 }, () => portSeen(pod, internet, protocol)))
    const inside = (first: number, last: number) =>
      seen.filter(({ port }) => port >= first && port <= last).length
    expect(inside(2000, 2999) + inside(5000, 5999)).toBe(24)
    expect(Math.min(inside(2000, 2999), inside(5000, 5999))).toBeGreaterThan(0)
  })

  test.each([true, false])('packets: a later SNAT, pinExemptions %s', async (pinExemptions) => {
    add(wanted('a', both(POD.ipv4, POD.ipv6), { pinExemptions }))
    await site.node.sh(`iptables${variant} -t nat -A POSTROUTING -s 10.244.1.0/24 -j SNAT --to-source 198.51.100.78
      iptables${variant} -t nat -A PREROUTING -d 10.96.0.1 -j DNAT --to-destination ${POD.ipv4}
      iptables${variant} -t nat -A PREROUTING -d 10.96.0.2 -j DNAT --to-destination ${onPrem}`)
    expect(await sourceSeen(pod, onPrem)).toBe(pinExemptions ? POD.ipv4 : '198.51.100.78')
    expect(await sourceSeen(pod, internet)).toBe(NODE.ipv4)
    expect(await sourceSeen(pod, '10.96.0.1')).toBe('198.51.100.78')
    expect(await sourceSeen(pod, '10.96.0.2')).toBe('198.51.100.78')
  })
})
