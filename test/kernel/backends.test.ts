import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, type PluginCall, succeed } from '../lab/plugin'
import { podAddresses } from '../lab/table'

/** Which place rules go to, that none stays behind in the other, and what that costs. */

let node: Namespace
let tools: string
/** Stands before the tools in PATH, and notes what is started. */
let recorder: string
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), 'ip-masq-tools-'))
  recorder = join(tools, 'log')
  for (const tool of [
    'nft',
    'iptables',
    'iptables-restore',
    'iptables-nft',
    'iptables-nft-restore',
    'ip6tables-nft',
    'ip6tables-nft-restore',
  ]) {
    const script = `#!/bin/sh\necho ${tool} >> ${recorder}\nexec /usr/sbin/${tool} "$@"\n`
    await writeFile(join(tools, tool), script, { mode: 0o755 })
  }
})
afterAll(() => rm(tools, { recursive: true }))
beforeEach(async () => {
  node = await createNamespace('backends')
})
afterEach(() => node.delete())

const pod = (backend?: string, call: PluginCall = {}): PluginCall => ({
  ...call,
  containerID: 'a',
  config: configWith(['10.244.1.7/24', 'fd00::7/64'], backend ? { backend } : {}),
})
const lost = (call: PluginCall = {}) => ({
  ...call,
  containerID: 'a',
  config: { cniVersion: '1.0.0', name: 'cbr0', type: 'ip-masq' },
})

/** As on a node without nft. */
const withoutNft: PluginCall = { before: 'mount --bind /dev/null /usr/sbin/nft' }

const inIptables = async () => {
  const text = await node
    .sh('iptables-nft -t nat -S IP-MASQ; ip6tables-nft -t nat -S IP-MASQ')
    .catch(() => '')
  return (text.match(/-s \S+/g) ?? []).map((source) => source.replace(/-s |\/\d+/g, '')).sort()
}
const BOTH = ['10.244.1.7', 'fd00::7']

const toolsStarted = async (command: string, call: PluginCall) => {
  await writeFile(recorder, '')
  await succeed(node, command, { ...call, environment: { PATH: `${tools}:/usr/bin` } })
  return (await node.sh(`cat ${recorder}`)).split('\n').filter((line) => line !== '')
}

describe('auto', () => {
  test('is nftables where it works', async () => {
    await succeed(node, 'ADD', pod())
    expect(await podAddresses(node)).toEqual(BOTH)
    expect(await inIptables()).toEqual([])
  })

  test('is iptables where there is no nft, for ADD, CHECK, STATUS and DEL', async () => {
    await succeed(node, 'ADD', pod(undefined, withoutNft))
    expect(await inIptables()).toEqual(BOTH)
    expect(await callPlugin(node, 'CHECK', pod(undefined, withoutNft))).toMatchObject({
      status: 0,
      stdout: '',
    })
    const config = { ...configWith(), cniVersion: '1.1.0' }
    expect(await callPlugin(node, 'STATUS', { ...withoutNft, config })).toMatchObject({
      status: 0,
      stdout: '',
    })
    await succeed(node, 'DEL', pod(undefined, withoutNft))
    expect(await inIptables()).toEqual([])
    expect(await callPlugin(node, 'DEL', lost(withoutNft))).toMatchObject({ status: 0, stderr: '' })
  })

  test('"nftables" insists on it', async () => {
    expect(await callPlugin(node, 'ADD', pod('nftables', withoutNft))).toMatchObject({
      status: 1,
      json: { code: 5 },
    })
    const config = { ...configWith([], { backend: 'nftables' }), cniVersion: '1.1.0' }
    expect(await callPlugin(node, 'STATUS', { ...withoutNft, config })).toMatchObject({ json: { code: 50 } })
    expect(await inIptables()).toEqual([])
  })
})

describe('what a call starts', () => {
  test('nft alone, where iptables was never used', async () => {
    await succeed(node, 'ADD', {
      ...pod(),
      containerID: 'first',
      config: configWith(['10.244.1.8/24', 'fd00::8/64']),
    })
    expect(await toolsStarted('ADD', pod())).toEqual(['nft'])
    expect(await toolsStarted('DEL', pod())).toEqual(['nft'])
    expect(await toolsStarted('DEL', lost())).toEqual(['nft'])
  })

  test('one restore for each family, where iptables is asked for and the policy is there', async () => {
    await succeed(node, 'ADD', {
      ...pod(),
      containerID: 'first',
      config: configWith(['10.244.1.8/24', 'fd00::8/64'], { backend: 'iptables' }),
    })
    expect(await toolsStarted('ADD', pod('iptables'))).toEqual([
      'iptables-nft-restore',
      'ip6tables-nft-restore',
    ])
  })
})

describe('where both kinds of iptables are installed', () => {
  const legacyTables = () => node.sh('cat /proc/net/ip_tables_names 2>/dev/null || true')
  const inLegacy = () => node.sh('iptables-legacy -t nat -S | grep -c "^-A IP-MASQ" || true')

  test('no table of the other is made', async () => {
    await succeed(node, 'ADD', pod('iptables'))
    await succeed(node, 'DEL', pod('iptables'))
    await succeed(node, 'DEL', lost())
    expect(await legacyTables()).toBe('')
  })

  test('kubelet’s hint decides, and later calls follow', async () => {
    await node.sh('iptables-legacy -t mangle -N KUBE-IPTABLES-HINT')
    await succeed(node, 'ADD', pod('iptables'))
    expect(await inLegacy()).toBe('1')
    expect(await inIptables()).toEqual([])
    const second = {
      ...pod('iptables'),
      containerID: 'b',
      config: configWith(['10.244.1.8/24'], { backend: 'iptables' }),
    }
    await node.sh('iptables-legacy -t mangle -X KUBE-IPTABLES-HINT')
    await succeed(node, 'ADD', second)
    expect(await inLegacy()).toBe('2')
    expect(await callPlugin(node, 'CHECK', second)).toMatchObject({ status: 0, stdout: '' })
    await succeed(node, 'DEL', second)
    await succeed(node, 'DEL', lost())
    expect(await inLegacy()).toBe('0')
  })
})

describe('a DEL finds its rules', () => {
  test.each([
    ['iptables', 'nftables'],
    ['iptables', undefined],
    ['nftables', 'iptables'],
  ])('of an ADD by %s, when the config says %s', async (before, after) => {
    await succeed(node, 'ADD', pod(before))
    await succeed(node, 'DEL', pod(after))
    expect([await podAddresses(node), await inIptables()]).toEqual([[], []])
  })

  test.each(['iptables', 'nftables'])('without prevResult: %s', async (backend) => {
    await succeed(node, 'ADD', pod(backend))
    expect(await callPlugin(node, 'DEL', lost())).toMatchObject({ status: 0, stderr: '' })
    expect([await podAddresses(node), await inIptables()]).toEqual([[], []])
    expect(await callPlugin(node, 'DEL', lost())).toMatchObject({ status: 0, stderr: '' })
  })
})

describe('sync and gc', () => {
  let network: CachedNetwork
  beforeEach(async () => {
    network = await createCachedNetwork(node)
  })
  afterEach(() => network.delete())

  test.each([
    ['nftables', 'iptables'],
    ['iptables', 'nftables'],
    ['iptables', 'auto'],
  ])('a conflist that changes from %s to %s moves its pods', async (before, after) => {
    await network.writeConflist({ backend: before })
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await network.writeConflist({ backend: after })
    const { status, lines } = await network.command('sync')
    expect({ status, line: lines.at(-1) }).toEqual({ status: 0, line: '1 attachment, 1 changed' })
    const [here, there] = [await podAddresses(node), await inIptables()]
    expect(after === 'iptables' ? [here, there] : [there, here]).toEqual([[], BOTH])
    expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, nothing to do')
  })

  test('sync restores iptables’ rules, and GC removes what the runtime does not list', async () => {
    await network.writeConflist({ backend: 'iptables' })
    await network.add('a', ['10.244.1.7/24'])
    await network.add('b', ['10.244.1.8/24', 'fd00::8/64'])
    await node.sh('iptables-nft -t nat -F; iptables-nft -t nat -X')
    expect((await network.command('sync')).lines.at(-1)).toBe('2 attachments, 2 changed')
    expect(await inIptables()).toEqual(['10.244.1.7', '10.244.1.8', 'fd00::8'])
    const config = {
      ...configWith([], { backend: 'iptables' }),
      cniVersion: '1.1.0',
      'cni.dev/valid-attachments': [{ containerID: 'b', ifname: 'eth0' }],
    }
    await succeed(node, 'GC', { ...withoutNft, config })
    expect(await inIptables()).toEqual(['10.244.1.8', 'fd00::8'])
    await network.uncache('b')
    expect((await network.command('gc --grace 0')).lines.at(-1)).toBe('1 attachment and 2 policies removed')
    expect(await inIptables()).toEqual([])
  })
})
