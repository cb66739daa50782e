import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { firewall } from '../lab/firewall'
import { createNamespace, type Namespace } from '../lab/namespace'

/** `ip-masq list`: the pods `a` (10.244.1.1 and fd00:1::1) and `b` (10.244.1.2), and what may be odd about them. */

let node: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('list')
  network = await createCachedNetwork(node)
})
afterEach(async () => {
  await node.delete()
  await network.delete()
})

const HEAD = 'POD ADDRESS NETWORK INTERFACE CONTAINER WHERE POLICY ODD'

const list = async (options = '') => {
  const { status, stdout, stderr } = await network.command(`list ${options}`)
  const plain = (text: string) =>
    text
      .replaceAll(network.confDir, 'CONF')
      .replaceAll(network.cacheDir, 'CACHE')
      .replaceAll(` ${firewall.name} `, ' FIREWALL ')
      .replace(new RegExp(`^${firewall.name}:`, 'gm'), 'FIREWALL:')
      .replace(/(?:policy-|IPM-P-)[0-9a-f]{16,}/g, 'CHAIN')
      .replace(/\b(masquerade|snat|none|altered)-[0-9a-f]{4}\b/g, '$1-HASH')
  const lines = plain(stdout).split('\n')
  return {
    status,
    lines,
    /** Cells by one blank. */
    rows: lines.map((line) => line.replace(/ {2,}/g, ' ')),
    stderr: plain(stderr),
  }
}

/** A conflist with a line for each value, so that places in it can be named. */
const writeConflist = (keys: Record<string, unknown>) =>
  writeFile(
    join(network.confDir, '10-pods.conflist'),
    JSON.stringify(
      {
        name: 'cbr0',
        cniVersion: '1.0.0',
        plugins: [{ type: 'bridge' }, { type: 'ip-masq', ...keys, ...firewall.keys }],
      },
      null,
      2,
    ),
  )

async function addPods(): Promise<void> {
  await network.add('a', ['10.244.1.1/24', 'fd00:1::1/64'], node.path)
  await network.add('b', ['10.244.1.2/24'], node.path)
}

const A = 'shop/a 10.244.1.1,fd00:1::1 cbr0 eth0 a FIREWALL masquerade-HASH'
const B = 'shop/b 10.244.1.2 cbr0 eth0 b FIREWALL masquerade-HASH'

test('nobody: where it looked', async () => {
  const { status, stdout, stderr } = await network.command('list')
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/^No attachment has rules here; looked in nftables and iptables-[a-z -]+$/)
})

test('pods that are as they should be', async () => {
  await addPods()
  const { status, rows, stderr } = await list()
  expect({ status, rows, stderr }).toEqual({ status: 0, rows: [HEAD, `${A} -`, `${B} -`], stderr: '' })
})

test('as JSON', async () => {
  await addPods()
  const { status, stdout } = await network.command('list --json')
  expect(status).toBe(0)
  const { places, ...rest } = JSON.parse(stdout)
  expect(places).toContainEqual({ name: firewall.name, isSetUp: true, differences: [] })
  const names = (pod: string) => ({ network: 'cbr0', containerID: pod, ifname: 'eth0', pod: `shop/${pod}` })
  const common = {
    netns: node.path,
    place: firewall.name,
    policy: expect.stringMatching(/^masquerade-[0-9a-f]{4}$/),
    ownList: null,
    odd: [],
  }
  expect(rest).toEqual({
    problems: [],
    warnings: [],
    attachments: [
      { ...names('a'), addresses: ['10.244.1.1', 'fd00:1::1'], ...common },
      { ...names('b'), addresses: ['10.244.1.2'], ...common },
    ],
  })
})

describe('what is odd', () => {
  beforeEach(addPods)

  test.each<[string, () => Promise<unknown>, string[]]>([
    [
      'no cache entry, a moment after the ADD',
      () => network.uncache('a'),
      [`${A} no cache entry yet`, `${B} -`],
    ],
    [
      'a network namespace that is gone',
      async () => {
        await network.add('c', ['10.244.1.3/24'], `${node.path}-gone`)
      },
      [`${A} -`, `${B} -`, 'shop/c 10.244.1.3 cbr0 eth0 c FIREWALL masquerade-HASH network namespace gone'],
    ],
    [
      "a policy other than the conflist's",
      () => network.writeConflist({ nonMasqueradeCIDRs: [] }),
      [`${A} policy differs from the conflist's`, `${B} policy differs from the conflist's`],
    ],
    [
      'a conflist without ip-masq',
      () =>
        writeFile(
          join(network.confDir, '10-pods.conflist'),
          '{"name": "cbr0", "plugins": [{"type": "bridge"}]}',
        ),
      [`${A} no ip-masq in the conflist`, `${B} no ip-masq in the conflist`],
    ],
    [
      'rules that are lost',
      () => node.sh(firewall.loseRule('10.244.1.1')),
      [`${A.replace(' masq', ' masq')} no rule for 10.244.1.1`, `${B} -`],
    ],
    [
      'an address that has no rules, and should have some',
      async () => {
        await network.cache('b', ['10.244.1.2/24', 'fd00:1::2/64'], { netns: node.path })
      },
      [`${A} -`, `${B} no rule for fd00:1::2`],
    ],
    [
      'an attachment without rules',
      async () => {
        await network.cache('c', ['10.244.1.3/24'], { netns: node.path })
      },
      [`${A} -`, `${B} -`, 'shop/c 10.244.1.3 cbr0 eth0 c - - no rules: ip-masq sync installs them'],
    ],
  ])('%s', async (_, change, expected) => {
    await change()
    const { status, rows, stderr } = await list()
    expect({ status, rows, stderr }).toEqual({ status: 0, rows: [HEAD, ...expected], stderr: '' })
  })

  test('what a place lacks is on stderr', async () => {
    await node.sh(firewall.damages[0]?.[1] ?? '')
    const { status, rows, stderr } = await list()
    expect({ status, rows }).toEqual({ status: 0, rows: [HEAD, `${A} -`, `${B} -`] })
    expect(stderr.split('\n')).toHaveLength(2)
    for (const line of stderr.split('\n')) {
      expect(line).toMatch(
        /^FIREWALL: .*chain (nat-postrouting|POSTROUTING): missing .*; ip-masq sync repairs it$/,
      )
    }
  })

  test('a directory without a result cache is named', async () => {
    const { status, stderr } = await list('--cache-dir /nowhere')
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'there is no result cache /nowhere/results; check --cache-dir',
    })
  })
})

describe('filters', () => {
  beforeEach(async () => {
    await addPods()
    await network.add('c', ['10.244.1.3/24'], node.path)
  })
  const pods = async (options: string) => {
    const { status, rows, stderr } = await list(options)
    return { status, pods: rows.slice(1).map((row) => row.split(' ')[0]), stderr }
  }

  test.each([
    ['--pod shop/a', ['shop/a']],
    ['--pod shop/a --pod shop/c', ['shop/a', 'shop/c']],
    ['--address 10.244.1.2', ['shop/b']],
    ['--address fd00:1::1', ['shop/a']],
    ['--network cbr0', ['shop/a', 'shop/b', 'shop/c']],
    ['--network cbr0 --pod shop/a', ['shop/a']],
  ])('%s', async (options, expected) => {
    expect(await pods(options)).toEqual({ status: 0, pods: expected, stderr: '' })
  })

  test.each([
    ['--pod shop/x', 'no attachment here has the pod shop/x'],
    ['--address 10.9.9.9', 'no attachment here has the address 10.9.9.9'],
    ['--network other', 'no attachment here has the network other'],
    ['--pod shop/a --address 10.244.1.2', 'no attachment here has all of these'],
  ])('%s: what is not here', async (options, said) => {
    expect(await pods(options)).toEqual({ status: 1, pods: [], stderr: said })
  })

  test('what is here of several is listed all the same', async () => {
    expect(await pods('--pod shop/a --pod shop/x')).toEqual({
      status: 1,
      pods: ['shop/a'],
      stderr: 'no attachment here has the pod shop/x',
    })
  })
})

describe('--policies', () => {
  const policies = async (options = '') => (await list(`--policies ${options}`)).lines

  test('what is exempt and why', async () => {
    await writeConflist({
      nonMasqueradeCIDRs: ['10.0.0.0/8', 'fd00:1::/32'],
      masqueradeCIDRs: ['10.9.0.0/16'],
      toPorts: '1024-29999,40000',
      outInterfaces: ['bond+', 'eth0'],
      snatTo: { ipv4: '192.0.2.10-192.0.2.13' },
    })
    await network.cache('a', ['10.244.1.1/24', 'fd00:1::1/64'], { netns: node.path })
    await network.command('sync')
    expect(await policies()).toEqual([
      firewall.name === 'nftables'
        ? 'snat-HASH: 1 attachment, in FIREWALL (CHAIN)'
        : 'snat-HASH: 1 attachment, in FIREWALL (CHAIN, CHAIN)',
      '  IPv4: masqueraded with 192.0.2.10-192.0.2.13, except to these destinations:',
      '    10.9.0.0/16         masqueraded  masqueradeCIDRs[0], CONF/10-pods.conflist:15:9',
      '    10.0.0.0/8          exempt       nonMasqueradeCIDRs[0], CONF/10-pods.conflist:11:9',
      '    224.0.0.0/4         exempt       built-in: multicast',
      '    255.255.255.255/32  exempt       built-in: broadcast',
      '    169.254.0.0/16      exempt       built-in: link-local (masqLinkLocal is off)',
      "    10.244.1.0/24       exempt       the pod's own subnet",
      '  IPv6: masqueraded with the address of the outgoing interface, except to these destinations:',
      '    fd00:1::/32  exempt  nonMasqueradeCIDRs[1], CONF/10-pods.conflist:12:9',
      '    ff00::/8     exempt  built-in: multicast',
      '    fe80::/10    exempt  built-in: link-local (masqLinkLocalIPv6 is off)',
      "    fd00:1::/64  exempt  the pod's own subnet",
      '  source ports of tcp, udp and sctp: 1024-29999, 40000',
      '  only packets that leave through bond+, eth0',
    ])
  })

  test("a pod's own list", async () => {
    const keys = { capabilities: { nonMasqueradeCIDRs: true }, ipv6: false }
    await writeConflist(keys)
    await network.cache('a', ['10.244.1.1/24'], {
      netns: node.path,
      capabilityArgs: { nonMasqueradeCIDRs: ['192.0.2.0/24'] },
    })
    await network.command('sync')
    expect((await list()).rows).toEqual([
      HEAD,
      'shop/a 10.244.1.1 cbr0 eth0 a FIREWALL masquerade-HASH (own list) -',
    ])
    expect(await policies()).toEqual([
      'masquerade-HASH: 1 attachment, in FIREWALL (CHAIN)',
      '  IPv4: masqueraded with the address of the outgoing interface, except to these destinations:',
      "    192.0.2.0/24        exempt  the pod's own list: runtimeConfig.nonMasqueradeCIDRs[0]",
      '    224.0.0.0/4         exempt  built-in: multicast',
      '    255.255.255.255/32  exempt  built-in: broadcast',
      '    169.254.0.0/16      exempt  built-in: link-local (masqLinkLocal is off)',
      "    10.244.1.0/24       exempt  the pod's own subnet",
      ...(firewall.name === 'nftables'
        ? ['  IPv6: not masqueraded, because of ipv6, CONF/10-pods.conflist:13:7']
        : []),
      "  the pod's own list of 1 prefix replaces the configured list",
    ])
  })

  test('what no conflist asks for now is what the rules say', async () => {
    await network.writeConflist({
      nonMasqueradeCIDRs: ['10.0.0.0/8'],
      masqueradeCIDRs: ['10.9.0.0/16'],
      ipv6: false,
    })
    await network.add('b', ['10.244.1.2/24'], node.path)
    await network.writeConflist({})
    expect(await policies()).toEqual([
      'masquerade-HASH: 1 attachment, in FIREWALL (CHAIN)',
      '  IPv4: masqueraded with the address of the outgoing interface, except to these destinations:',
      '    10.0.0.0-10.8.255.255     exempt',
      '    10.10.0.0-10.255.255.255  exempt',
      '    169.254.0.0/16            exempt',
      '    224.0.0.0/4               exempt',
      '    255.255.255.255/32        exempt',
      ...(firewall.name === 'nftables' ? ['  IPv6: not masqueraded'] : []),
      '  no conflist asks for this policy now: this is what its rules do',
    ])
  })

  test('what somebody altered', async () => {
    await network.add('b', ['10.244.1.2/24'], node.path)
    const { 0: chain = '' } = Object.values(await firewall.policies(node))
    await node.sh(
      firewall.name === 'nftables'
        ? `nft insert rule inet ip-masq ${chain} ip daddr 192.0.2.1 counter accept`
        : `${firewall.name} -t nat -I ${chain} -d 192.0.2.1 -j ACCEPT`,
    )
    expect((await list()).rows).toEqual([
      HEAD,
      `shop/b 10.244.1.2 cbr0 eth0 b FIREWALL altered-HASH policy altered by hand`,
    ])
    const [heading, title, line, ...more] = await policies()
    expect([heading, title, more]).toEqual([
      'altered-HASH: 1 attachment, in FIREWALL (CHAIN)',
      '  ip-masq did not write its rules:',
      [],
    ])
    expect(line).toMatch(/^ {4}chain CHAIN: unexpected (line|rule) ".*"$/)
  })

  test('one exemption more is another policy', async () => {
    await network.add('b', ['10.244.1.2/24'], node.path)
    const { 0: chain = '' } = Object.values(await firewall.policies(node))
    await node.sh(
      firewall.name === 'nftables'
        ? `nft add element inet ip-masq ${chain}-ip { 8.8.8.8 }`
        : `${firewall.name} -t nat -I ${chain} -d 8.8.8.8 -j RETURN`,
    )
    expect((await list()).rows).toEqual([HEAD, `${B} policy differs from the conflist's`])
    expect(await policies()).toContain('    8.8.8.8/32          exempt')
  })

  test('of one pod only', async () => {
    await network.add('a', ['10.244.1.1/24'], node.path)
    await network.writeConflist({ nonMasqueradeCIDRs: [] })
    await network.add('b', ['10.244.1.2/24'], node.path)
    const headings = async (options: string) => (await policies(options)).filter((line) => /^\S/.test(line))
    expect(await headings('')).toHaveLength(2)
    expect(await headings('--pod shop/a')).toEqual(['masquerade-HASH: 1 attachment, in FIREWALL (CHAIN)'])
  })
})
