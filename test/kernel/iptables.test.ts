import { spawnSync } from 'node:child_process'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Backend, Host, Wanted } from '../../src/backend/backend'
import { attachmentId, networkDigest } from '../../src/backend/identity'
import { apply } from '../../src/backend/iptables/apply'
import { kindsOf } from '../../src/backend/iptables/kinds'
import type { ToolProcess } from '../../src/backend/iptables/tool'
import { iptables } from '../../src/backend/places/iptables'
import { intentOf } from '../../src/config/intent'
import { parseConfig } from '../../src/config/parse'
import { NO_SOURCES } from '../../src/config/settings'
import { decidePolicy } from '../../src/policy/decide'
import { parseAddressWithLength } from '../../src/policy/prefix'
import type { Namespace } from '../lab/namespace'
import { addPodByHand, createSite, DESTINATIONS, NODE, POD, type Site, sourceSeen } from '../lab/site'

/** The rules in iptables' tables, in both of its kinds: who owns an address, and what a peer sees of a pod. */

const { onPrem, onPrem6 } = DESTINATIONS

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

const wanted = (containerID: string, addresses: readonly string[], keys = {}): Wanted => {
  const ips = addresses.map(parseAddressWithLength)
  return {
    attachment: { containerID, ifname: 'eth0', network: 'n', pod: 'shop/web', namespace: 'shop' },
    addresses: ips.map(({ address }) => address),
    policy: decidePolicy(intentOf({ config: parseConfig(keys), sources: NO_SOURCES }, ''), ips),
    backend: 'iptables',
  }
}

describe.each(['-nft', '-legacy'] as const)('iptables%s', (variant) => {
  const runs: string[] = []
  let hasComments = true
  let bootSeconds = 5_000
  /** Done once, between the reading of a table and the restore that takes an address over. */
  let meanwhile: (() => void) | undefined
  const run: ToolProcess = (tool, args, input) => {
    runs.push(tool)
    if (meanwhile && tool.endsWith('-restore') && input.includes('-F IPM-A-')) {
      const act = meanwhile
      meanwhile = undefined
      act()
    }
    const inside = ['netns', 'exec', site.node.name, tool, ...args]
    // As a kernel without the match: a refusal that does not say why.
    if (!hasComments && input.includes('-m comment')) {
      return { outcome: 'exited', status: 1, stdout: '', stderr: `${tool}: line 9 failed\n` }
    }
    const { status, stdout, stderr } = spawnSync('ip', inside, { input, encoding: 'utf8' })
    return { outcome: 'exited', status: status ?? -1, stdout, stderr }
  }
  /** A host that has this kind alone. */
  const host: Host = {
    findTool: (name) => (name.includes(variant) ? { file: `/usr/sbin/${name}` } : { tried: [] }),
    realPath: (file) => file,
    legacyTables: () => ['nat'],
    mayHaveTable: () => true,
    mayHaveNfTables: () => true,
    kernelRelease: () => '6.1.0',
    effectiveCapabilities: () => undefined,
    epochSeconds: () => 1_790_000_000,
    bootSeconds: () => bootSeconds,
  }
  const backend = iptables(run, host, { ip: ['nat'], ip6: ['nat'] })
  const remove: Backend['remove'] = (...call) => backend.remove(...call)
  /** And a CHECK that finds nothing: what iptables prints is what was written. */
  const add = async (one: Wanted) => {
    const applied = await backend.apply(one)
    expect(await backend.verify(one)).toEqual([])
    return applied
  }
  const runsOf = async (work: () => Promise<unknown>) => {
    runs.length = 0
    await work()
    return [...runs]
  }
  const list = async () => {
    const text = await site.node.sh(`iptables${variant} -t nat -S; ip6tables${variant} -t nat -S`)
    return text.split('\n').filter((line) => /IPM-[AO]-|-A (IPM-PODS|POSTROUTING)/.test(line))
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

  const tool = `iptables${variant} -t nat`
  const both = (ipv4: string, ipv6: string) => [`${ipv4}/24`, `${ipv6}/64`]
  const A = wanted('a', both(POD.ipv4, POD.ipv6))
  const B = wanted('b', both('10.244.1.8', 'fd00:244:1::8'))
  const skeleton = ['-N IPM-D-0', '-N IPM-D-1', '-N IPM-D-2', '-N IPM-D-3', '-N IPM-PODS']
  const restore = [`iptables${variant}-restore`, `ip6tables${variant}-restore`]

  test('the jump is the first rule, and is there once', async () => {
    await site.node.sh(`iptables${variant} -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE`)
    await add(A)
    await add(B)
    expect((await list()).filter((line) => line.startsWith('-A POSTROUTING'))).toEqual([
      '-A POSTROUTING -j IPM-PODS',
      '-A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE',
      '-A POSTROUTING -j IPM-PODS',
    ])
  })

  test('an ADD of a policy that is there is one restore for each family', async () => {
    await add(A)
    expect(await runsOf(() => backend.apply(B))).toEqual(restore)
    expect(await runsOf(() => backend.apply(wanted('c', ['10.244.1.9/24'])))).toEqual(restore.slice(0, 1))
  })

  test('a DEL is one restore for each family, and leaves nothing of the pod', async () => {
    await add(A)
    await add(B)
    expect(await runsOf(() => remove(A.attachment, A.addresses))).toEqual(restore)
    expect(await holders()).toBe(2)
    await remove(B.attachment, [])
    expect((await list()).filter((line) => !line.startsWith('-A POSTROUTING'))).toEqual([])
  })

  test('a DEL that finds nothing asks both families, and changes nothing', async () => {
    await add(A)
    const before = await list()
    const lists = [`iptables${variant}`, `ip6tables${variant}`]
    expect(await runsOf(() => remove(B.attachment, []))).toEqual(lists)
    expect(await list()).toEqual(before)
  })

  describe('a DEL leaves a tombstone', () => {
    const tombstones = async () =>
      (await site.node.sh(`iptables${variant} -t nat -S; ip6tables${variant} -t nat -S`))
        .split('\n')
        .filter((line) => line.startsWith('-A IPM-D-'))
    const HERE = { backend: 'iptables', carrier: 'auto' } as const
    const idA = attachmentId(A.attachment)
    afterEach(() => {
      bootSeconds = 5_000
    })

    test.each([
      ['with prevResult', A.addresses],
      ['without', []],
    ])('%s, in the restore that deletes', async (_, hint) => {
      await add(A)
      const runs = await runsOf(() => remove(A.attachment, hint))
      expect(runs.filter((tool) => tool.endsWith('-restore'))).toEqual(restore)
      expect(await backend.gone()).toEqual(new Set([idA]))
    })

    test('where it found nothing, because the rules had been flushed', async () => {
      for (const lose of [`${tool} -F; ${tool} -X`, `${tool} -F; ip6tables${variant} -t nat -F`]) {
        await add(A)
        await site.node.sh(lose)
        expect(await backend.remove(A.attachment, [], HERE)).not.toHaveProperty('said')
        expect(await backend.gone()).toContain(idA)
        await site.node.sh(
          `${tool} -F; ${tool} -X; ip6tables${variant} -t nat -F; ip6tables${variant} -t nat -X`,
        )
      }
    })

    test('costs a DEL that finds nothing one more process, and that only where rules would be restored', async () => {
      await add(A)
      expect(await runsOf(() => backend.remove(B.attachment, [], HERE))).toEqual([
        `iptables${variant}`,
        `iptables${variant}-restore`,
        `ip6tables${variant}`,
      ])
    })

    test('which counts for two minutes, and is cleared away by the DELs that follow', async () => {
      const pods = Array.from({ length: 9 }, (_, i) => wanted(`p${i}`, [`10.244.1.${10 + i}/24`]))
      for (const one of pods) {
        await add(one)
        await remove(one.attachment, one.addresses)
        bootSeconds += 100
      }
      bootSeconds -= 100
      const last = pods.slice(-2).map(({ attachment }) => attachmentId(attachment))
      expect(await backend.gone()).toEqual(new Set(last))
      // Four chains of 121 seconds each.
      expect((await tombstones()).length).toBeLessThanOrEqual(5)
      bootSeconds += 121
      expect(await backend.gone()).toEqual(new Set())
      await backend.prune(() => false, { dryRun: false })
      expect(await tombstones()).toEqual([])
    })

    test('that an ADD of the same attachment outlives, but rules that were restored do not', async () => {
      await add(A)
      await remove(A.attachment, A.addresses)
      await backend.replace([A], { dryRun: false })
      expect(await backend.gone()).toEqual(new Set([idA]))
      await remove(A.attachment, [])
      bootSeconds += 1
      await add(A)
      expect(await backend.gone()).toEqual(new Set())
    })

    test('whose chains the first DEL makes after an older version', async () => {
      await add(A)
      await add(B)
      await site.node.sh(
        `for tool in iptables${variant} ip6tables${variant}; do for i in 0 1 2 3; do $tool -t nat -X IPM-D-$i; done; done`,
      )
      expect(await remove(A.attachment, A.addresses)).toEqual({ outcome: 'removed' })
      expect(await backend.gone()).toEqual(new Set([idA]))
      expect(await runsOf(() => remove(B.attachment, B.addresses))).toEqual(restore)
    })
  })

  describe('an address of another network', () => {
    const other = (containerID: string, network = 'other'): Wanted => {
      const one = wanted(containerID, both(POD.ipv4, POD.ipv6))
      return { ...one, attachment: { ...one.attachment, network } }
    }

    test('is refused with both names, and nothing changes', async () => {
      await add(A)
      const before = await list()
      await expect(backend.apply(other('x'))).rejects.toMatchObject({
        reason: 'tryAgain',
        message: expect.stringMatching(
          /of x eth0 in network other: its address 10\.244\.1\.7 belongs to shop\/web \(a eth0\) of network n$/,
        ),
      })
      expect(await list()).toEqual(before)
      expect(await backend.verify(A)).toEqual([])
    })

    test('of IPv6 alone is refused with nothing of IPv4 left', async () => {
      await add(A)
      const before = await list()
      const mixed = { ...other('x'), ...{ addresses: wanted('x', both('10.244.1.99', POD.ipv6)).addresses } }
      await expect(backend.apply(mixed)).rejects.toMatchObject({ reason: 'tryAgain' })
      expect((await list()).filter((line) => !/POSTROUTING/.test(line))).toEqual(
        before.filter((line) => !/POSTROUTING/.test(line)),
      )
    })

    test('of IPv6 alone is refused, and an IPv4 address stays with its holder of the same network', async () => {
      await add(A)
      await add({ ...other('y'), addresses: wanted('y', both('10.244.1.99', 'fd00::99')).addresses })
      const before = await list()
      const mixed = { ...other('x'), addresses: wanted('x', both('10.244.1.99', POD.ipv6)).addresses }
      await expect(backend.apply(mixed)).rejects.toMatchObject({ reason: 'tryAgain' })
      expect(await list()).toEqual(before)
    })

    test('is taken over where its holder is proven gone', async () => {
      await add(A)
      const asked: unknown[] = []
      await backend.apply(other('x'), async ({ id, note }) => {
        asked.push([id, note?.network, note?.netns])
        return true
      })
      expect(asked).toEqual([[attachmentId(A.attachment), 'n', undefined]])
      expect(await backend.verify(other('x'))).toEqual([])
    })

    test('is refused where the names of the networks have the same first half of a digest', async () => {
      await add(other('x', 'net17957'))
      await expect(backend.apply(other('y', 'net21265'))).rejects.toMatchObject({ reason: 'tryAgain' })
    })
  })

  test('what an ADD knows is kept, through another ADD’s take-over and a sync', async () => {
    const netns = '/var/run/netns/cni-5f2f8a1c-9a53-3d3b-0d3f-3f1b2d1ee3c1'
    await add({ ...A, netns })
    const note = { bootSeconds: 5_000, epochSeconds: 1_790_000_000, origin: 'added', netns }
    expect((await backend.list()).map((one) => one.note)).toMatchObject([note])
    bootSeconds += 100
    try {
      await backend.replace([wanted('a', both(POD.ipv4, POD.ipv6), { nonMasqueradeCIDRs: [] })], {
        dryRun: false,
      })
      expect((await backend.list()).map((one) => one.note)).toMatchObject([note])
      await site.node.sh(
        `${tool} -F; ${tool} -X; ip6tables${variant} -t nat -F; ip6tables${variant} -t nat -X`,
      )
      await backend.replace([{ ...A, netns, origin: 'adopted' }], { dryRun: false })
      expect((await backend.list()).map((one) => one.note)).toMatchObject([
        { bootSeconds: 5_100, origin: 'adopted', netns },
      ])
    } finally {
      bootSeconds = 5_000
    }
  })

  test('rows of an older version are read, kept by CHECK, and written anew with what they said', async () => {
    await add(A)
    const chain = `IPM-O-${attachmentId(A.attachment)}`
    for (const one of [`iptables${variant}`, `ip6tables${variant}`]) {
      const rows = (await site.node.sh(`${one} -t nat -S ${chain}`)).split('\n')
      const records = rows.filter((row) => / -d (2[2-5]\d\.|[ef][0-9a-f]{3}:)/.test(row))
      expect(records.length).toBeGreaterThan(0)
      await site.node.sh(records.map((row) => `${one} -t nat ${row.replace('-A', '-D')}`).join('\n'))
    }
    expect(await backend.verify(A)).toEqual([])
    const [{ note } = { note: undefined }] = await backend.list()
    expect(note).toMatchObject({ networkDigest: networkDigest('n'), epochSeconds: 1_790_000_000 })
    expect(note).not.toHaveProperty('bootSeconds')
    await backend.replace([wanted('a', both(POD.ipv4, POD.ipv6), { nonMasqueradeCIDRs: [] })], {
      dryRun: false,
    })
    expect((await backend.list())[0]?.note).not.toHaveProperty('bootSeconds')
    expect(await remove(A.attachment, A.addresses)).toEqual({ outcome: 'removed' })
  })

  test('a DEL that comes late leaves the address to the pod that has it now', async () => {
    await add(A)
    const C = wanted('c', both(POD.ipv4, POD.ipv6))
    await add(C)
    const before = await list()
    expect(await holders()).toBe(2)
    await remove(A.attachment, A.addresses)
    await remove(A.attachment, [])
    expect(await list()).toEqual(before)
    await remove(C.attachment, C.addresses)
    expect(await holders()).toBe(0)
  })

  test('an address that went to a third pod while it was taken over', async () => {
    await add(A)
    const [C, D] = [wanted('c', [`${POD.ipv4}/24`]), wanted('d', [`${POD.ipv4}/24`])]
    // Without a turn, as a call under Node.js: all of it happens within one run of D's tool.
    const { choose } = kindsOf(run, host, { ip: ['nat'], ip6: ['nat'] })
    const adding = { epochSeconds: 1_790_000_000, bootSeconds, isGone: async () => true }
    meanwhile = () => void apply(choose(), C, adding)
    await add(D)
    expect(meanwhile).toBeUndefined()
    expect(await site.node.sh(`iptables${variant} -t nat -S`)).not.toContain(attachmentId(C.attachment))
  })

  test('a DEL with fewer addresses than the ADD had leaves none behind', async () => {
    const two = wanted('two', ['10.244.1.7/24', '10.244.1.8/24'])
    await add(two)
    await remove(two.attachment, two.addresses.slice(0, 1))
    expect(await holders()).toBe(0)
  })

  test('an ADD twice, and with another list', async () => {
    await add(A)
    await add(A)
    expect(await sourceSeen(pod, onPrem)).toBe(POD.ipv4)
    await add(wanted('a', both(POD.ipv4, POD.ipv6), { nonMasqueradeCIDRs: [] }))
    expect(await holders()).toBe(2)
    expect(await sourceSeen(pod, onPrem)).toBe(NODE.ipv4)
    expect(await sourceSeen(pod, onPrem6)).toBe(NODE.ipv6)
  })

  test('a policy with everything in it is printed as it was written', async () => {
    const keys = {
      masqueradeCIDRs: ['10.100.10.0/24'],
      toPorts: '1024-29999,32768-49151,61000-65535,7',
      snatTo: { ipv4: '192.0.2.8-192.0.2.15', ipv6: '2001:db8::-2001:db8::7' },
      outInterfaces: ['eth0', 'bond*'],
      pinExemptions: true,
      randomFully: false,
    }
    await add(wanted('a', both(POD.ipv4, POD.ipv6), keys))
  })

  test.each<[string, string, (policy: string) => string[]]>([
    ['everything', `${tool} -F; ${tool} -X`, () => ['iptables: chain IPM-PODS: missing']],
    ['the jump', `${tool} -F POSTROUTING`, () => ['iptables: chain POSTROUTING: missing rule "-j IPM-PODS"']],
    [
      'a rule before the jump',
      `${tool} -I POSTROUTING -s 10.0.0.0/8 -j MASQUERADE`,
      () => ['iptables: chain POSTROUTING: "-s 10.0.0.0/8 -j MASQUERADE" comes before "-j IPM-PODS"'],
    ],
    [
      'rules before the jump that are harmless',
      `${tool} -N KUBE-POSTROUTING; ${tool} -I POSTROUTING -j KUBE-POSTROUTING
       ${tool} -I POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE; ${tool} -I POSTROUTING -j LOG --log-prefix "x "`,
      () => [],
    ],
    [
      'a rule of somebody else for the pod, in our chain',
      `${tool} -I IPM-PODS -s ${POD.ipv4}/32 -j RETURN`,
      () => [`iptables: chain IPM-PODS: unexpected rule "-s ${POD.ipv4}/32 -j RETURN"`],
    ],
    [
      'a rule of somebody else for all, in our chain',
      `${tool} -I IPM-PODS -j RETURN`,
      () => ['iptables: chain IPM-PODS: unexpected rule "-j RETURN"'],
    ],
    [
      'the pod twice',
      `${tool} -A IPM-PODS -s ${POD.ipv4}/32 -g IPM-A-${POD.ipv4}`,
      () => [`${POD.ipv4}: chain IPM-PODS has 2 rules for it`],
    ],
    [
      'its owner’s rows',
      `for chain in $(${tool} -S | sed -n 's/^-N \\(IPM-O-.*\\)/\\1/p'); do ${tool} -F $chain; done`,
      () => [
        `iptables: chain IPM-O-${attachmentId({ containerID: 'a', ifname: 'eth0' })}: missing note or digest`,
        `iptables: chain IPM-O-${attachmentId({ containerID: 'a', ifname: 'eth0' })}: missing rule "-s ${POD.ipv4}/32 -j RETURN"`,
      ],
    ],
    [
      'an exemption',
      `${tool} -D POLICY -d 10.0.0.0/8 -j RETURN`,
      (policy) => [`iptables: chain ${policy}: missing rule "-d 10.0.0.0/8 -j RETURN"`],
    ],
    [
      'an exemption too many',
      `${tool} -I POLICY -d 203.0.113.0/24 -j RETURN`,
      (policy) => [`iptables: chain ${policy}: unexpected rule "-d 203.0.113.0/24 -j RETURN"`],
    ],
    ['the pod', `${tool} -F IPM-PODS`, () => [`${POD.ipv4}: chain IPM-PODS has no rule for it`]],
    [
      'its policy',
      `${tool} -F IPM-A-${POD.ipv4}; ${tool} -A IPM-A-${POD.ipv4} -j RETURN`,
      (policy) => [
        `${POD.ipv4}: its rule is "-j RETURN", not "-g ${policy}"`,
        `${POD.ipv4}: belongs to another attachment (none)`,
      ],
    ],
  ])('CHECK finds, and sync repairs: %s', async (_, change, expected) => {
    await add(A)
    const [rule = ''] = (await list()).filter((line) => line.startsWith(`-A IPM-A-${POD.ipv4} -g`))
    const policy = rule.split(' ').at(-1) ?? ''
    await site.node.sh(change.replaceAll(' POLICY ', ` ${policy} `))
    const differences = expected(policy)
    expect(await backend.verify(A)).toEqual(differences)
    const { changes, repairs } = await backend.replace([A, B], { dryRun: false })
    expect(changes.map(({ attachment }) => attachment.containerID)).toContain('b')
    expect(changes.length + repairs.length).toBeGreaterThan(differences.length > 0 ? 1 : 0)
    expect([...(await backend.verify(A)), ...(await backend.verify(B))]).toEqual([])
    expect(await backend.replace([A, B], { dryRun: false })).toMatchObject({
      changes: [],
      repairs: [],
      script: '',
    })
  })

  describe('sync', () => {
    const A2 = wanted('a', both(POD.ipv4, POD.ipv6), { nonMasqueradeCIDRs: [] })

    test('moves a pod to another policy, unless that is only a fallback', async () => {
      await add(A)
      const fallback = { ...A2, isFallback: true }
      expect(await backend.replace([fallback], { dryRun: false })).toMatchObject({ changes: [], script: '' })
      const { changes } = await backend.replace([A2], { dryRun: false })
      expect(changes.map(({ what, addresses }) => [what, addresses.length])).toEqual([['changed', 2]])
      expect(await backend.verify(A2)).toEqual([])
      expect(await sourceSeen(pod, onPrem)).toBe(NODE.ipv4)
    })

    test('a dry run changes nothing, and its script is the one', async () => {
      const { script } = await backend.replace([A], { dryRun: true })
      expect(await list()).toEqual([])
      const [ipv4 = '', ipv6 = ''] = script.split(/(?<=COMMIT\n)/)
      await site.node.sh(
        `iptables${variant}-restore --noflush <<'EOF'\n${ipv4}EOF\nip6tables${variant}-restore --noflush <<'EOF'\n${ipv6}EOF`,
      )
      expect(await backend.verify(A)).toEqual([])
    })

    test('leaves an address to the one who holds it', async () => {
      await add(A)
      const before = await list()
      const { held, changes } = await backend.replace([wanted('other', [`${POD.ipv4}/24`])], {
        dryRun: false,
      })
      expect(held.map(({ holder }) => holder)).toEqual(['a eth0'])
      expect(changes).toEqual([])
      expect(await list()).toEqual(before)
    })

    test('of a node without pods makes no chains', async () => {
      expect(await backend.replace([], { dryRun: false })).toMatchObject({
        changes: [],
        repairs: [],
        script: '',
      })
      expect(await site.node.sh(`iptables${variant} -t nat -S`)).not.toContain('IP')
    })
  })

  describe('gc', () => {
    test('takes the stale attachments of both families, and then the policies that no pod has', async () => {
      await add(A)
      await add(B)
      const keep = wanted('keep', ['10.244.1.9/24'], { nonMasqueradeCIDRs: [] })
      await add(keep)
      const isStale = ({ id }: { id: string }) => id !== attachmentId(keep.attachment)
      expect(await backend.prune(isStale, { dryRun: true })).toMatchObject({ failures: [] })
      expect(await backend.verify(A)).toEqual([])
      const { removed, policies, failures } = await backend.prune(isStale, { dryRun: false })
      expect(removed.map(({ note, addresses }) => [note?.containerID, addresses.length])).toEqual(
        expect.arrayContaining([
          ['a', 2],
          ['b', 2],
        ]),
      )
      expect({ policies: policies.length, failures }).toEqual({ policies: 2, failures: [] })
      expect(await backend.verify(keep)).toEqual([])
      const left = await site.node.sh(`iptables${variant} -t nat -S; ip6tables${variant} -t nat -S`)
      expect(left.match(/^-N IPM-[AOP]-/gm)?.length).toBe(3)
    })

    test('knows network and time of each', async () => {
      await add(A)
      const seen: unknown[] = []
      await backend.prune(
        ({ note }) => {
          seen.push([note?.networkDigest, note?.epochSeconds, note?.containerID, note?.pod])
          return false
        },
        { dryRun: true },
      )
      expect(seen).toEqual([[networkDigest('n'), 1_790_000_000, 'a', 'shop/web']])
    })
  })

  test('where there is no comment match', async () => {
    hasComments = false
    try {
      await add(A)
      expect((await runsOf(() => add(B))).length).toBe(8)
      expect(await list()).not.toContain('comment')
      await site.node.sh(`${tool} -F IPM-PODS`)
      await backend.replace([A, B], { dryRun: false })
      expect([...(await backend.verify(A)), ...(await backend.verify(B))]).toEqual([])
      await remove(A.attachment, A.addresses)
      await remove(B.attachment, [])
      expect(await holders()).toBe(0)
    } finally {
      hasComments = true
    }
  })

  test.each([
    ['all rules', (line: string) => `${line} -F`],
    ['the jump', (line: string) => `${line} -F POSTROUTING`],
  ])('an ADD after the loss of %s puts everything in place', async (_, lose) => {
    await add(A)
    await site.node.sh(`${lose(tool)}; ${lose(`ip6tables${variant} -t nat`)}`)
    expect(await add(B)).toEqual({ tableWasMissing: true })
  })

  test.each([
    [`-I IPM-PODS -s ${POD.ipv4}/32 -j RETURN`],
    [`-R IPM-PODS 1 -s ${POD.ipv4}/32 -j RETURN`],
    [`-I IPM-PODS -s ${POD.ipv4}/32 -d 8.8.8.8/32 -j ACCEPT`],
  ])('ADD and DEL beside %s', async (rule) => {
    await add(A)
    await site.node.sh(`${tool} ${rule}`)
    await backend.apply(A)
    expect(await backend.verify(A)).toEqual([])
    await site.node.sh(`${tool} ${rule}`)
    expect(await remove(A.attachment, A.addresses)).toEqual({ outcome: 'removed' })
    expect(await holders()).toBe(0)
  })

  test('a doubled jump is no drift, and sync makes it one', async () => {
    await add(A)
    await site.node.sh(`${tool} -A POSTROUTING -j IPM-PODS`)
    expect(await backend.verify(A)).toEqual([])
    expect((await backend.replace([A], { dryRun: false })).repairs).toEqual([
      'iptables: chain POSTROUTING: repeated rule "-j IPM-PODS"',
    ])
    expect(await backend.replace([A], { dryRun: false })).toMatchObject({ repairs: [], script: '' })
  })

  test('the chain of ip-masq-agent is its own', async () => {
    const agent = `${tool} -N IP-MASQ; ${tool} -A IP-MASQ -j MASQUERADE; ${tool} -A POSTROUTING -j IP-MASQ`
    await site.node.sh(agent)
    const its = async () =>
      (await site.node.sh(`${tool} -S`)).split('\n').filter((line) => /IP-MASQ/.test(line))
    const before = await its()
    await add(A)
    await backend.replace([A, B], { dryRun: false })
    await remove(A.attachment, [])
    await backend.prune(() => true, { dryRun: false })
    expect(await its()).toEqual(before)
  })

  test('what a flush and DELs leave is taken away by one GC', async () => {
    await add(A)
    await add(B)
    await site.node.sh(`${tool} -F; ip6tables${variant} -t nat -F`)
    await remove(A.attachment, [])
    await remove(B.attachment, B.addresses)
    expect(await site.node.sh(`${tool} -S`)).not.toContain('10.244.1.8')
    await backend.prune(() => false, { dryRun: false })
    const left = await site.node.sh(`${tool} -S; ip6tables${variant} -t nat -S`)
    expect(left.match(/^-N IPM-.*/gm)).toEqual([...skeleton, ...skeleton])
  })

  test('what stands is noticed, and what is lost', async () => {
    expect(await backend.hookedTables()).toEqual([])
    expect(await add(A)).toEqual({ tableWasMissing: true })
    expect(await backend.hookedTables()).toEqual(['iptables', 'ip6tables'])
    await site.node.sh(`${tool} -F POSTROUTING`)
    expect(await backend.hookedTables(['iptables'])).toEqual([])
    expect(await backend.hookedTables()).toEqual(['ip6tables'])
  })
})
