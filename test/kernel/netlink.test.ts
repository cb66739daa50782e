import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace } from '../lab/namespace'
import { patience, pause } from '../lab/patience'
import { callPlugin, configWith, EXECUTABLES, type PluginCall, runCommand, succeed } from '../lab/plugin'
import { podAddresses, readTable } from '../lab/table'
import { WITHOUT_NFT } from '../lab/tools'
import { startWatch } from '../lab/watch'

/** nf_tables by netlink: that it is used, what it does without, what the kernel may say, and that nft understands it. */

let node: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('netlink')
  network = await createCachedNetwork(node)
})
afterEach(async () => {
  await node.delete()
  await network.delete()
})

const call = (command: string, options: PluginCall = {}) => callPlugin(node, command, options)
const GC = { cniVersion: '1.1.0', name: 'cbr0', type: 'ip-masq', 'cni.dev/valid-attachments': [] }
const NONE = { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined }

/** With all that is refused, answered or lost by the kernel in this way: strace(1), of our own process alone. */
const injected = (...faults: string[]) =>
  `strace -qq -o /dev/null ${faults.map((fault) => `-e inject=${fault}`).join(' ')} ${EXECUTABLES.native}`

describe('no nft is started', () => {
  test.each([
    ['ADD of the first pod', 'ADD', { config: configWith(['10.244.1.9/24', 'fd00:1::9/64']) }],
    ['ADD', 'ADD', {}],
    ['ADD of an address that a stale pod holds', 'ADD', { containerID: 'c2' }],
    ['CHECK', 'CHECK', { containerID: 'c2' }],
    ['DEL', 'DEL', { containerID: 'c2' }],
    [
      'DEL without prevResult',
      'DEL',
      { containerID: 'c2', config: { ...configWith(), prevResult: undefined } },
    ],
    ['GC', 'GC', { config: GC, environment: NONE }],
    ['STATUS', 'STATUS', { config: { ...GC, name: 'cbr0' }, environment: NONE }],
  ])('%s', async (what, command, options) => {
    if (what !== 'ADD of the first pod') await succeed(node, 'ADD')
    if (command === 'CHECK' || command === 'DEL') await succeed(node, 'ADD', { containerID: 'c2' })
    const log = join(network.cacheDir, 'strace')
    const executable = `strace -f -qq -e trace=execve -o ${log} ${EXECUTABLES.native}`
    expect(await call(command, { ...options, executable })).toMatchObject({ status: 0, stderr: '' })
    const started = (await readFile(log, 'utf8')).match(/execve\("[^"]*/g) ?? []
    // GC lists what iptables has.
    const isAlone = what !== 'GC'
    expect(isAlone ? started : started.filter((one) => /\/nft$/.test(one))).toHaveLength(isAlone ? 1 : 0)
  })
})

describe('without an nft', () => {
  const alone = (options: PluginCall = {}): PluginCall => ({ ...options, before: WITHOUT_NFT })

  test('pods come and go, with every option, and sync, gc and STATUS work', async () => {
    const { plugins } = JSON.parse(
      await readFile(new URL('../../conf/bridge-every-option.conflist', import.meta.url), 'utf8'),
    )
    const { type: _, configFiles: __, logFile: ___, ...keys } = plugins.at(-1)
    const config = configWith(['10.244.1.7/24', 'fd00:1::7/64'], { ...keys, onlyNamespaces: ['shop'] })
    const environment = { CNI_ARGS: 'K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web' }
    expect(await call('ADD', alone({ config, environment }))).toMatchObject({ status: 0 })
    expect(await call('CHECK', alone({ config, environment }))).toMatchObject({ status: 0, stdout: '' })
    expect(await podAddresses(node)).toEqual(['10.244.1.7', 'fd00:1::7'])
    expect(await call('STATUS', alone({ config: GC, environment: NONE }))).toMatchObject({ status: 0 })
    expect(await call('DEL', alone({ config, environment }))).toMatchObject({ status: 0, stderr: '' })
    expect(await podAddresses(node)).toEqual([])
    await network.cache('x', ['10.244.1.8/24'])
    const sync = `sync --conf-dir ${network.confDir} --cache-dir ${network.cacheDir}`
    expect((await runCommand(node, sync, { before: WITHOUT_NFT })).lines.at(-1)).toBe(
      '1 attachment, 1 changed',
    )
    expect(await podAddresses(node)).toEqual(['10.244.1.8'])
    expect(await call('GC', alone({ config: GC, environment: NONE }))).toMatchObject({ status: 0 })
    expect(await podAddresses(node)).toEqual([])
  })
})

test('no memory has to be both writable and executable: netlink works where systemd denies that', async () => {
  const denies = fileURLToPath(new URL('../lab/deny-write-execute.pl', import.meta.url))
  const executable = `perl ${denies} ${EXECUTABLES.native}`
  const config = configWith(undefined, { carrier: 'netlink', backend: 'nftables' })
  for (const command of ['ADD', 'CHECK'])
    expect(await call(command, { executable, config })).toMatchObject({ status: 0, stderr: '' })
  expect(await podAddresses(node)).toEqual(['10.244.1.7'])
  expect(await call('DEL', { executable, config })).toMatchObject({ status: 0, stdout: '', stderr: '' })
  expect(await podAddresses(node)).toEqual([])
})

describe('where there is no socket', () => {
  const executable = injected('socket:error=EAFNOSUPPORT')

  test('nft does it, without a word', async () => {
    for (const command of ['ADD', 'CHECK', 'DEL'])
      expect(await call(command, { executable })).toMatchObject({ status: 0, stderr: '' })
    expect(await call('STATUS', { executable, config: GC, environment: NONE })).toMatchObject({ status: 0 })
    expect(await node.sh('nft list table inet ip-masq')).toContain('chain policy-')
  })

  test('"carrier": "netlink" insists, and DEL does not fail', async () => {
    const config = configWith(undefined, { carrier: 'netlink', backend: 'nftables' })
    expect((await call('ADD', { executable, config })).json).toMatchObject({
      code: 5,
      msg: 'Cannot install the rules: no netlink socket can be opened here; use "carrier": "auto"',
    })
    expect(await call('DEL', { executable, config })).toMatchObject({ status: 0, stdout: '' })
    const asked = { ...GC, cniVersion: '1.1.0', carrier: 'netlink', backend: 'nftables' }
    expect((await call('STATUS', { executable, config: asked, environment: NONE })).json).toMatchObject({
      code: 50,
    })
  })

  test('nor under Node', async () => {
    const config = configWith(undefined, { carrier: 'netlink', backend: 'nftables' })
    expect((await call('ADD', { executable: EXECUTABLES.node, config })).json).toMatchObject({ code: 5 })
    expect(await call('ADD', { executable: EXECUTABLES.node })).toMatchObject({ status: 0, stderr: '' })
  })
})

describe('the kernel', () => {
  const weak = `setpriv --bounding-set=-net_admin --inh-caps=-net_admin ${EXECUTABLES.native}`

  test('refuses those who may not, at once', async () => {
    const started = performance.now()
    expect(
      (await call('ADD', { executable: weak, config: configWith(undefined, { backend: 'nftables' }) })).json,
    ).toEqual({
      cniVersion: '1.0.0',
      code: 100,
      msg: 'Cannot install the rules: CAP_NET_ADMIN is missing; give it to the container or systemd unit that starts ip-masq',
      details: 'netlink: Operation not permitted',
    })
    await call('ADD')
    // Several questions are asked at once, and have one answer.
    expect(await call('DEL', { executable: weak, config: configWith() })).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('DEL may have left rules behind: netlink: Operation not permitted'),
    })
    expect(performance.now() - started).toBeLessThan(patience(5_000))
  })

  test('interrupts a call: that is made again', async () => {
    const executable = injected('sendto:error=EINTR:when=1', 'recvfrom:error=EINTR:when=1+2')
    for (const command of ['ADD', 'CHECK', 'DEL'])
      expect(await call(command, { executable })).toMatchObject({ status: 0, stderr: '' })
  })

  test('has no room for its answer: an ADD is told to try again, and does', async () => {
    await succeed(node, 'ADD', { containerID: 'other', config: configWith(['10.244.1.8/24']) })
    const executable = injected('recvfrom:error=ENOBUFS')
    expect((await call('ADD', { executable })).json).toMatchObject({
      code: 11,
      msg: 'Cannot install the rules: netlink: No buffer space available; try again',
    })
    // A DEL cannot know either, and must not hold up the address.
    expect(await call('DEL', { executable })).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('DEL may have left rules behind: netlink: No buffer space available'),
    })
    await succeed(node, 'ADD')
    expect(await podAddresses(node)).toEqual(['10.244.1.7', '10.244.1.8'])
    await succeed(node, 'DEL')
    expect(await podAddresses(node)).toEqual(['10.244.1.8'])
  })

  test('says in its own words what it refuses', async () => {
    // Another's rule uses a map of another type, which cannot be replaced then.
    await node.sh(
      `nft add table inet ip-masq; nft add map inet ip-masq pods-ip { type ipv6_addr : verdict \\; };
       nft add chain inet ip-masq theirs; nft add rule inet ip-masq theirs ip6 saddr vmap @pods-ip`,
    )
    const { json } = await call('ADD', { config: configWith(undefined, { backend: 'nftables' }) })
    expect(json).toMatchObject({
      code: 100,
      msg: 'Cannot install the rules: map pods-ip of table inet ip-masq has the wrong type and is in use; delete the rules that use it, or the table',
      details: expect.stringMatching(/^netlink: delete-map pods-ip: /),
    })
  })
})

test('many take over addresses at once, beside many pods: each of them succeeds', async () => {
  const pods = Array.from({ length: 40 }, (_, i) => i)
  const filler = Array.from({ length: 1000 }, (_, i) => `::ffff:10.9.${i >> 8}.${i & 255} : 1::${i + 1}`)
  const pod = (i: number, containerID: string) => ({
    containerID,
    config: configWith([`10.244.1.${i + 1}/24`]),
  })
  for (const i of pods) await succeed(node, 'ADD', pod(i, `old${i}`))
  await node.sh(`nft add element inet ip-masq owners '{ ${filler.join(', ')} }'`)
  const replies = await Promise.all(pods.map((i) => call('ADD', pod(i, `new${i}`))))
  expect(replies.filter(({ status }) => status !== 0).map(({ stdout }) => stdout)).toEqual([])
  for (const i of pods) expect(await call('CHECK', pod(i, `new${i}`))).toMatchObject({ status: 0 })
})

test('"carrier": "nft" holds for sync too', async () => {
  await network.writeConflist({ carrier: 'nft' })
  await network.cache('a', ['10.244.1.8/24'])
  const line = `sync --conf-dir ${network.confDir} --cache-dir ${network.cacheDir}`
  const log = join(network.cacheDir, 'strace')
  await node.sh(`strace -f -qq -e trace=execve -o ${log} ${EXECUTABLES.native} ${line}`)
  expect(await podAddresses(node)).toEqual(['10.244.1.8'])
  expect(await readFile(log, 'utf8')).toMatch(/execve\("[^"]*\/nft"/)
})

test('a watch keeps one socket, however often it looks', async () => {
  const { child, exit } = await startWatch(node, network, {
    interval: '1s',
    first: '0 attachments, nothing to do',
  })
  // A look at a bad moment finds the pipes of a tool that runs: the fewest of several looks are kept open.
  const descriptors = async () => {
    const counts: number[] = []
    for (let look = 0; look < 15; look++) {
      counts.push((await readdir(`/proc/${child.pid}/fd`)).length)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return Math.min(...counts)
  }
  await pause(1_500)
  const before = await descriptors()
  await pause(4_000)
  expect(await descriptors()).toBe(before)
  child.kill('SIGTERM')
  expect(await exit).toBe(0)
})

describe('each reads what the other wrote', () => {
  const [netlink, nft] = ['netlink', 'nft'].map((carrier) => ({ IP_MASQ_CARRIER: carrier })) as [
    object,
    object,
  ]
  const rich = {
    nonMasqueradeCIDRs: ['10.0.0.0/8', '192.0.2.0/24', 'fd00::/8'],
    masqueradeCIDRs: ['10.100.10.0/24'],
    outInterfaces: ['eth0', 'bond+'],
    snatTo: { ipv4: '192.0.2.10-192.0.2.13', ipv6: '2001:db8::1' },
    toPorts: '1024-29999,32768-65535',
    pinExemptions: true,
  }
  test.each([
    ['netlink', 'nft', {}, netlink, nft],
    ['nft', 'netlink', {}, nft, netlink],
    ['netlink', 'nft', rich, netlink, nft],
    ['nft', 'netlink', rich, nft, netlink],
  ])('%s writes, %s reads: %j', async (_, __, keys, writes, reads) => {
    const config = configWith(['10.244.1.7/24', 'fd00:1::7/64'], keys)
    const options = (environment: object) => ({
      config,
      environment: { ...environment } as Record<string, string>,
    })
    await succeed(node, 'ADD', options(writes))
    const table = await readTable(node)
    expect(await call('CHECK', options(reads))).toMatchObject({ status: 0, stdout: '' })
    await succeed(node, 'ADD', options(reads))
    expect(await readTable(node)).toEqual(table)
    await succeed(node, 'ADD', { ...options(reads), containerID: 'c2' })
    expect(await call('CHECK', { ...options(writes), containerID: 'c2' })).toMatchObject({
      status: 0,
      stdout: '',
    })
    await succeed(node, 'DEL', { ...options(writes), containerID: 'c2' })
    expect(await podAddresses(node)).toEqual([])
  })
})

test('an answer that another process sends to our port is no answer', async () => {
  await succeed(node, 'ADD')
  // The second question waits until the forged answer to it, "Operation not permitted", is in the queue.
  const executable = injected('sendto:delay_enter=3000000:when=2')
  const forger = fileURLToPath(new URL('../lab/forge-netlink.pl', import.meta.url))
  const forged = node.sh(`perl ${forger} 2 1`)
  const del = { config: { ...configWith(), prevResult: undefined }, executable }
  expect(await call('DEL', del)).toMatchObject({ status: 0, stdout: '', stderr: '' })
  expect(await forged).toMatch(/^\d+$/)
  expect(await podAddresses(node)).toEqual([])
})
