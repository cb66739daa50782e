import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, runCommand } from '../lab/plugin'
import { readTable } from '../lab/table'

/** Sync, and an ADD that restores, where a policy comes from more than the conflist: files, the pod, its namespace. */

let node: Namespace
let network: CachedNetwork
let file: string
beforeEach(async () => {
  node = await createNamespace('sources')
  network = await createCachedNetwork(node)
  file = join(network.cacheDir, 'agent.yaml')
})
afterEach(async () => {
  await network.delete()
  await node.delete()
})

const exempt = async (address: string) => {
  const table = await readTable(node)
  return table?.sets[`${table.pods[address]}-ip`]
}

const list = (cidr: string) => `nonMasqueradeCIDRs: [${cidr}]`
const [ONE, OTHER] = ['192.0.2.0/24', '203.0.113.0/24']

describe('a file that the conflist names', () => {
  beforeEach(async () => {
    await writeFile(file, list(ONE))
    await network.writeConflist({ configFiles: [file] })
    await network.add('a', ['10.244.1.7/24'])
    expect(await exempt('10.244.1.7')).toContain(ONE)
  })

  test('changed: sync moves its pods', async () => {
    await writeFile(file, list(OTHER))
    expect((await network.command('sync')).lines).toEqual([
      'changed shop/a (a eth0, network cbr0): 10.244.1.7',
      '1 attachment, 1 changed',
    ])
    expect(await exempt('10.244.1.7')).toContain(OTHER)
  })

  test.each([
    ['gone', () => rm(file), 'there is no such file'],
    ['bad', () => writeFile(file, list('10/8')), 'nonMasqueradeCIDRs[0] "10/8": write all four octets'],
  ])('%s: its pods keep what they have, and sync says so', async (_, change, said) => {
    await change()
    const before = await readTable(node)
    const { status, stdout } = await network.command('sync')
    expect(status).toBe(1)
    expect(stdout).toMatch(`error: network cbr0: Cannot use configFiles[0] "${file}": ${said}`)
    expect(await readTable(node)).toEqual(before)
    // DEL does not look at it.
    await network.del('a')
    expect((await readTable(node))?.pods).toEqual({})
  })

  test('warnings are told once for a network', async () => {
    await network.add('b', ['10.244.1.8/24'])
    await writeFile(file, `${list(ONE)}\ncidrLimit: 3`)
    expect((await network.command('sync')).lines).toEqual([
      `warning: network cbr0: cidrLimit of ${file} is ignored: the number of CIDRs has no limit`,
      '2 attachments, nothing to do',
    ])
  })
})

describe('a pod’s own list, which the cache has', () => {
  const capabilityArgs = { nonMasqueradeCIDRs: [OTHER], portMappings: [] }

  test('stands after a sync, if the plugin declares the capability', async () => {
    await network.writeConflist({ nonMasqueradeCIDRs: [ONE], capabilities: { nonMasqueradeCIDRs: true } })
    await network.cache('a', ['10.244.1.7/24'], { capabilityArgs })
    await network.cache('b', ['10.244.1.8/24'], { capabilityArgs: null })
    await network.command('sync')
    expect(await exempt('10.244.1.7')).toContain(OTHER)
    expect(await exempt('10.244.1.7')).not.toContain(ONE)
    expect(await exempt('10.244.1.8')).toContain(ONE)
    expect(await network.command('sync')).toMatchObject({
      stdout: '2 attachments, 1 with a list of its own, nothing to do',
    })
  })

  test('is nothing without', async () => {
    await network.writeConflist({ nonMasqueradeCIDRs: [ONE] })
    await network.cache('a', ['10.244.1.7/24'], { capabilityArgs })
    await network.command('sync')
    expect(await exempt('10.244.1.7')).toContain(ONE)
  })

  test('one that is bad is told, and costs no other pod its rules', async () => {
    await network.writeConflist({ capabilities: { nonMasqueradeCIDRs: true } })
    await network.cache('a', ['10.244.1.7/24'], { capabilityArgs: { nonMasqueradeCIDRs: ['10/8'] } })
    await network.cache('b', ['10.244.1.8/24'])
    const { stdout } = await network.command('sync')
    expect(stdout).toMatch('Cannot use runtimeConfig.nonMasqueradeCIDRs[0] "10/8"')
    expect(Object.keys((await readTable(node))?.pods ?? {})).toEqual(['10.244.1.8'])
  })

  test('an ADD that restores others gives its own to none of them', async () => {
    await network.cache('a', ['10.244.1.7/24'], { capabilityArgs })
    await network.cache('b', ['10.244.1.8/24'])
    const before = `mount -t tmpfs none /var/lib; mkdir /var/lib/cni; mount --bind ${network.cacheDir} /var/lib/cni`
    const config = configWith(['10.244.1.9/24'], {
      nonMasqueradeCIDRs: [ONE],
      capabilities: { nonMasqueradeCIDRs: true },
      runtimeConfig: { nonMasqueradeCIDRs: ['198.51.100.0/24'] },
    })
    expect(await callPlugin(node, 'ADD', { containerID: 'c', config, before })).toMatchObject({ status: 0 })
    expect(await exempt('10.244.1.9')).toContain('198.51.100.0/24')
    expect(await exempt('10.244.1.8')).toContain(ONE)
    expect(await exempt('10.244.1.7')).toContain(OTHER)
  })
})

describe('a pod’s own list in args, which stand in the conflist that the runtime had', () => {
  const conflist = (keys: Record<string, unknown>) => ({
    config: Buffer.from(
      JSON.stringify({ name: 'cbr0', plugins: [{ type: 'bridge' }, { type: 'ip-masq', ...keys }] }),
    ).toString('base64'),
  })
  const argsFor = (cidr: string) => ({ args: { cni: { nonMasqueradeCIDRs: [cidr] } } })

  test('stands after a sync', async () => {
    await network.writeConflist({ nonMasqueradeCIDRs: [ONE], podLists: 'args' })
    await network.cache('a', ['10.244.1.7/24'], conflist(argsFor(OTHER)))
    await network.cache('b', ['10.244.1.8/24'], conflist({ args: { labels: [] } }))
    const { stdout } = await network.command('sync')
    expect(stdout).toContain("(a eth0, network cbr0): 10.244.1.7, with the pod's own list of 1 prefix")
    expect(await exempt('10.244.1.7')).toContain(OTHER)
    expect(await exempt('10.244.1.8')).toContain(ONE)
    expect(await network.command('sync')).toMatchObject({
      stdout: '2 attachments, 1 with a list of its own, nothing to do',
    })
    expect((await network.command('sync --dry-run')).stdout).toContain(
      `the pod's own list of shop/a (a eth0, network cbr0): ${OTHER}`,
    )
    expect(JSON.parse((await network.command('sync --json')).stdout).ownLists).toEqual([
      expect.objectContaining({ containerID: 'a', network: 'cbr0', nonMasqueradeCIDRs: [OTHER] }),
    ])
  })

  test('is no way for a pod to exempt itself: the operator has to allow it', async () => {
    await network.writeConflist({ nonMasqueradeCIDRs: [ONE] })
    await network.cache('a', ['10.244.1.7/24'], conflist(argsFor(OTHER)))
    const { stdout } = await network.command('sync')
    expect(stdout).toContain(
      'warning: network cbr0: args.cni.nonMasqueradeCIDRs is ignored: write "podLists": "args"',
    )
    expect(await exempt('10.244.1.7')).toContain(ONE)
    expect(await exempt('10.244.1.7')).not.toContain(OTHER)
  })

  test('is not given to others by an ADD that restores them', async () => {
    await network.cache('a', ['10.244.1.7/24'], conflist(argsFor(OTHER)))
    await network.cache('b', ['10.244.1.8/24'])
    const before = `mount -t tmpfs none /var/lib; mkdir /var/lib/cni; mount --bind ${network.cacheDir} /var/lib/cni`
    const keys = { nonMasqueradeCIDRs: [ONE], podLists: 'args', ...argsFor('198.51.100.0/24') }
    const config = configWith(['10.244.1.9/24'], keys)
    expect(await callPlugin(node, 'ADD', { containerID: 'c', config, before })).toMatchObject({ status: 0 })
    expect(await exempt('10.244.1.9')).toContain('198.51.100.0/24')
    expect(await exempt('10.244.1.8')).toContain(ONE)
    expect(await exempt('10.244.1.7')).toContain(OTHER)
  })
})

describe('namespaces', () => {
  const rulesOf = async (address: string) => {
    const table = await readTable(node)
    return node.sh(`nft list chain inet ip-masq ${table?.pods[address]}`)
  }

  test('a pod whose namespace is excepted later is masqueraded no more, and back again', async () => {
    await network.add('a', ['10.244.1.7/24'])
    await network.cache('b', ['10.244.1.8/24'], { cniArgs: [['K8S_POD_NAMESPACE', 'team-b']] })
    await network.writeConflist({ exceptNamespaces: ['shop'] })
    expect((await network.command('sync')).lines.at(-1)).toBe('2 attachments, 2 changed')
    expect(await rulesOf('10.244.1.7')).not.toContain('masquerade')
    expect(await rulesOf('10.244.1.8')).toContain('masquerade')
    await network.writeConflist({ onlyNamespaces: ['shop'] })
    expect((await network.command('sync')).lines.at(-1)).toBe('2 attachments, 2 changed')
    expect(await rulesOf('10.244.1.7')).toContain('masquerade')
    expect(await rulesOf('10.244.1.8')).not.toContain('masquerade')
  })
})

describe('--profile', () => {
  const laidOver = () => `mount -t tmpfs none /var/lib; d=/var/lib/rancher/k3s/agent/etc/cni/net.d
    mkdir -p $d; mount --bind ${network.confDir} $d`
  const command = (line: string) =>
    runCommand(node, `${line} --cache-dir ${network.cacheDir}`, { before: laidOver() })

  test('sync reads the conflists of that distribution', async () => {
    await network.add('a', ['10.244.1.7/24'])
    await network.writeConflist({ nonMasqueradeCIDRs: [ONE] })
    const { status, lines } = await command('sync --profile k3s')
    expect({ status, lines }).toEqual({
      status: 0,
      lines: ['changed shop/a (a eth0, network cbr0): 10.244.1.7', '1 attachment, 1 changed'],
    })
    expect(await exempt('10.244.1.7')).toContain(ONE)
  })

  test('gc takes it too', async () => {
    await network.add('a', ['10.244.1.7/24'])
    expect(await command('gc --profile k3s')).toMatchObject({ status: 0, stdout: 'nothing to do' })
  })

  test.each(['sync', 'gc'])('%s names those that there are', async (name) => {
    const { status, stderr } = await command(`${name} --profile k4s`)
    expect(status).not.toBe(0)
    expect(stderr).toContain('Cannot use --profile "k4s": write default, k3s, ')
  })
})

describe('a --cache-dir that is not there beside one that is', () => {
  const WRONG = '/var/lib/cnl'
  const SAID = `there is no result cache ${WRONG}/results; check --cache-dir`

  test.each([
    ['sync', '1 attachment, nothing to do'],
    ['gc', 'nothing to do'],
  ])('%s does what it can, names it and ends with 1', async (name, last) => {
    await network.add('a', ['10.244.1.7/24'])
    const { status, lines, stderr } = await network.command(`${name} --cache-dir ${WRONG}`)
    expect({ status, last: lines.at(-1) }).toEqual({ status: 1, last })
    expect(`${lines.join('\n')}\n${stderr}`).toContain(SAID)
  })

  test('is no reason to doubt what the others prove', async () => {
    await network.add('a', ['10.244.1.7/24'])
    await network.add('b', ['10.244.1.8/24'], '/run/netns/ip-masq-gone')
    const { status, lines } = await network.command(`sync --prune --cache-dir ${WRONG}`)
    expect(status).toBe(1)
    expect(lines).toContainEqual(expect.stringMatching(/^removed .*b eth0/))
  })
})

test('gc removes all sets and chains of policies that no pod has', async () => {
  await network.writeConflist({
    outInterfaces: ['eth0'],
    policies: [
      { name: 'EndpointPolicy', value: { Type: 'OutBoundNAT', Destinations: ['0.0.0.0/0', '::/0'] } },
    ],
  })
  await network.add('a', ['10.244.1.7/24'])
  const full = await readTable(node)
  expect(Object.keys(full?.sets ?? {}).length).toBe(4)
  expect(Object.keys(full?.rules ?? {}).length).toBe(4)
  await network.del('a')
  const { lines } = await network.command('gc')
  expect(lines.at(-1)).toBe('0 attachments and 1 policy removed')
  const { sets, rules } = (await readTable(node)) ?? {}
  expect({ sets, chains: Object.keys(rules ?? {}).sort() }).toEqual({
    sets: {},
    chains: ['layout-3', 'nat-postrouting'],
  })
})
