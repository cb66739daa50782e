import { lchown, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createInstallSite, type InstallSite, WITHOUT_RUNTIMES } from '../lab/install-site'
import type { Namespace } from '../lab/namespace'
import { configWith, resultWith, runCommand, succeed } from '../lab/plugin'

/** Who keeps `ip-masq uninstall` from removing the executable, and who does not. */

let site: InstallSite
let node: Namespace
let [directory, binDir, confDir, cacheDir] = ['', '', '', '']
beforeEach(async () => {
  site = await createInstallSite('uninstall')
  ;({ node, directory, binDir, confDir, cacheDir } = site)
  await writeFile(join(confDir, '10-pods.conflist'), CONFLIST)
  await run(`install --bin-dir ${binDir} --conf-dir ${confDir}`)
})
afterEach(() => site.delete())

const CONFLIST = '{ "cniVersion": "1.0.0", "name": "pods", "plugins": [{ "type": "bridge" }] }\n'
const run = (line: string) => runCommand(node, line, { before: WITHOUT_RUNTIMES })
const uninstall = (options = '') =>
  run(`uninstall --bin-dir ${binDir} --conf-dir ${confDir} --cache-dir ${cacheDir} ${options}`)
const isThere = async () => (await readdir(binDir)).includes('ip-masq')

interface Entry {
  readonly directory?: string
  readonly containerID: string
  readonly ifname?: string
  readonly network?: string
  readonly netns?: string | undefined
  readonly pod?: string
  readonly plugins?: readonly Record<string, unknown>[]
}

const WITH_OURS = [{ type: 'bridge' }, { type: 'ip-masq' }]

/** A file of libcni's, as a runtime or Multus leaves it after an ADD: of a list that has ip-masq, unless it says otherwise. */
async function cache(entry: Entry): Promise<string> {
  const { directory = 'results', containerID, ifname = 'eth0', network = 'pods', netns, pod } = entry
  const conflist = { cniVersion: '1.0.0', name: network, plugins: entry.plugins ?? WITH_OURS }
  const file = join(cacheDir, directory, `${network}-${containerID}-${ifname}`)
  await mkdir(join(cacheDir, directory), { recursive: true })
  await writeFile(
    file,
    JSON.stringify({
      ...{ kind: 'cniCacheV1', containerId: containerID, ifName: ifname, networkName: network },
      ...(netns !== undefined && { netns }),
      ...(pod !== undefined && {
        cniArgs: [
          ['K8S_POD_NAMESPACE', 'shop'],
          ['K8S_POD_NAME', pod],
        ],
      }),
      config: Buffer.from(JSON.stringify(conflist)).toString('base64'),
      result: resultWith(['10.244.1.7/24']),
    }),
  )
  return file
}

const SINCE = String.raw`since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`

describe('an attachment that only a cache has', () => {
  test('counts while its network namespace exists, and is named', async () => {
    await cache({ containerID: 'a', netns: node.path, pod: 'web-1' })
    const { status, lines } = await uninstall()
    expect({ status, isThere: await isThere() }).toEqual({ status: 1, isThere: true })
    expect(lines.find((line) => line.startsWith('in use'))).toMatch(
      new RegExp(
        `^in use by shop/web-1 \\(a eth0, network pods\\) ${SINCE}: the conflist in its cache entry pods-a-eth0 has ip-masq$`,
      ),
    )
  })

  test('does not count when its network namespace is gone', async () => {
    await cache({ containerID: 'a', netns: '/var/run/netns/was-here' })
    expect((await uninstall()).status).toBe(0)
    expect(await isThere()).toBe(false)
  })

  test('counts when nobody recorded its network namespace: CRI-O takes its DEL from there', async () => {
    await cache({ containerID: 'a' })
    expect((await uninstall()).status).toBe(1)
    expect((await uninstall('--force')).status).toBe(0)
  })
})

test('a file that may stand for an attachment is named', async () => {
  await writeFile(join(cacheDir, 'results', 'pods-torn-eth0'), '{"kind": "cni')
  expect((await uninstall()).lines).toContain(
    'perhaps in use: the cache file pods-torn-eth0 may describe an attachment, and it cannot be read',
  )
})

test('every attachment is named, each once, before the wait and after it', async () => {
  for (const [i, containerID] of ['a', 'b', 'c'].entries()) {
    await succeed(node, 'ADD', { containerID, config: configWith([`10.244.1.${i + 2}/24`]) })
  }
  await cache({ containerID: 'b', netns: node.path, network: 'cbr0' })
  const { status, lines } = await uninstall()
  expect(status).toBe(1)
  expect(lines.filter((line) => line.startsWith('in use')).map((line) => line.slice(0, 36))).toEqual(
    expect.arrayContaining(
      ['a', 'b', 'c'].map((id) => `in use by ${id} eth0, network cbr0 since`.slice(0, 36)),
    ),
  )
  expect(lines.filter((line) => line.startsWith('in use'))).toHaveLength(3)
  expect(lines.at(-1)).toContain('3 attachments still use it')
})

describe('on a node with Multus', () => {
  /** The second interface of a pod, by a NetworkAttachmentDefinition; its first one is of a network without ip-masq. */
  const NET1 = {
    containerID: 'ID',
    ifname: 'net1',
    environment: { CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-1' },
    config: { ...configWith(['10.89.0.2/24']), name: 'vlan20' },
  }
  const NAME = String.raw`in use by shop/web-1 \(ID net1, network vlan20\)`
  const inUse = (lines: readonly string[]) => lines.filter((line) => line.startsWith('in use'))

  let entry = ''
  beforeEach(async () => {
    const multus = { type: 'multus', kubeconfig: '/x', delegates: [] }
    const list = { cniVersion: '0.3.1', name: 'multus-cni-network', ...multus }
    await writeFile(join(confDir, '00-multus.conf'), JSON.stringify(list))
    await succeed(node, 'ADD', NET1)
    const shared = { containerID: 'ID', netns: node.path, pod: 'web-1' }
    await cache({ ...shared, network: 'multus-cni-network', plugins: [multus] })
    entry = await cache({ ...shared, directory: 'multus/results', network: 'vlan20', ifname: 'net1' })
  })

  test('one attachment needs the executable: that of the NetworkAttachmentDefinition', async () => {
    const { status, lines } = await uninstall('--grace 1s')
    expect({ status, isThere: await isThere() }).toEqual({ status: 1, isThere: true })
    expect(inUse(lines)).toEqual([
      expect.stringMatching(new RegExp(`^${NAME} ${SINCE}: it has rules, and a result cache has it$`)),
    ])
    expect(lines.at(-1)).toContain('1 attachment still uses it, and its DEL needs it')
  })

  test('also when its rules are lost', async () => {
    await node.sh('nft flush ruleset')
    const { status, lines } = await uninstall('--grace 1s')
    expect(status).toBe(1)
    expect(inUse(lines)).toEqual([
      expect.stringMatching(
        new RegExp(`^${NAME} ${SINCE}: the conflist in its cache entry ${entry} has ip-masq$`),
      ),
    ])
  })

  test('after its DEL nothing needs the executable', async () => {
    await succeed(node, 'DEL', NET1)
    await rm(entry)
    expect((await uninstall('--grace 1s')).status).toBe(0)
    expect(await isThere()).toBe(false)
  })
})

describe('a config that names ip-masq below another plugin', () => {
  const INNER = { cniVersion: '0.3.1', name: 'cbr0', plugins: [{ type: 'flannel' }, { type: 'ip-masq' }] }
  const multus = (...delegates: readonly unknown[]) => ({
    ...{ cniVersion: '0.3.1', name: 'multus-cni-network', type: 'multus' },
    delegates,
  })
  const delegating = { type: 'wrapper', delegate: { type: 'ip-masq' } }

  test.each([
    ['00-multus.conf', 'a list', multus(INNER)],
    ['00-multus.conf', 'a plugin', multus({ type: 'macvlan' }, { type: 'ip-masq' })],
    ['00-multus.conf', 'a plugin that delegates again', multus(multus(INNER))],
    ['20-other.conflist', 'a delegate', { cniVersion: '1.0.0', name: 'other', plugins: [delegating] }],
  ])('keeps the executable, also with --force: %s, %s', async (file, _, config) => {
    await writeFile(join(confDir, file), JSON.stringify(config))
    for (const options of ['', '--force']) {
      expect(await uninstall(options)).toMatchObject({
        status: 1,
        stderr: `Cannot remove ${binDir}/ip-masq: ${confDir}/${file} names it; take it out by hand`,
      })
      expect(await isThere()).toBe(true)
    }
  })

  test('counts in a cache entry too: the runtime sends DEL to the plugin that delegates', async () => {
    await cache({
      ...{ containerID: 'a', netns: node.path, network: 'multus-cni-network' },
      plugins: [multus(INNER)],
    })
    const { status, lines } = await uninstall()
    expect({ status, isThere: await isThere() }).toEqual({ status: 1, isThere: true })
    expect(lines.filter((line) => line.startsWith('in use'))).toEqual([
      expect.stringMatching(/^in use by a eth0, network multus-cni-network since /),
    ])
  })

  test('an IPAM plugin is none of them', async () => {
    const ipam = { type: 'ip-masq' }
    const plugins = [{ type: 'macvlan', ipam }]
    await writeFile(join(confDir, '20-other.conflist'), JSON.stringify({ ...INNER, plugins }))
    expect((await uninstall()).status).toBe(0)
  })
})

test('every directory that --cache-dir names counts, and every runtime below it', async () => {
  const other = `--cache-dir ${directory}/other`
  const entries = [
    await cache({ directory: '../other/results', containerID: 'a', netns: node.path }),
    await cache({ directory: '../other/cache/results', containerID: 'b', netns: node.path }),
  ]
  const { status, lines } = await uninstall(other)
  expect(status).toBe(1)
  for (const entry of entries)
    expect(lines.join('\n')).toContain(`: the conflist in its cache entry ${entry} has`)
  const empty = await uninstall(`--cache-dir ${confDir}`)
  expect(empty).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(
      `Cannot tell what needs the executable: there is no result cache in ${confDir}; check --cache-dir, or use --force`,
    ),
  })
  // Without it, nothing is known of them.
  expect((await uninstall()).status).toBe(0)
})

describe('a directory that is not there', () => {
  const MISTYPED = [
    ['--conf-dir', 'tell which networks name ip-masq'],
    ['--cache-dir', 'tell what needs the executable'],
    ['--bin-dir', 'remove the executable'],
  ] as const
  const state = async () => ({
    conflist: await readFile(join(confDir, '10-pods.conflist'), 'utf8'),
    isThere: await isThere(),
  })

  test.each(MISTYPED)('is an error where it is named, before anything is done: %s', async (flag, cannot) => {
    const before = await state()
    await writeFile(join(directory, 'file'), '')
    for (const name of ['absent', 'file']) {
      // Of two the last counts; both count with --cache-dir.
      expect(await uninstall(`${flag} ${directory}/${name}`)).toMatchObject({
        status: 1,
        stdout: '',
        stderr: `Cannot ${cannot}: there is no directory ${directory}/${name}; check ${flag}, or use --force`,
      })
      expect(await state()).toEqual(before)
    }
  })

  test('is taken for an empty one with --force', async () => {
    const path = `${directory}/absent`
    const line = `uninstall --force --bin-dir ${path} --conf-dir ${path} --cache-dir ${path}`
    expect(await run(line)).toMatchObject({
      status: 0,
      stdout: `nothing to do: there is no ${path}/ip-masq`,
    })
  })

  test('is a node without a network or plugins where it is the usual one', async () => {
    // For this command alone, the node's are empty.
    const before = `${WITHOUT_RUNTIMES}
      for d in /etc /opt /var/lib; do mount -t tmpfs none $d; done`
    expect(await runCommand(node, 'uninstall', { before })).toMatchObject({
      status: 0,
      stderr: '',
      stdout: 'nothing to do: there is no /opt/cni/bin/ip-masq',
    })
  })
})

test('says that there is no executable where it was told to look', async () => {
  await mkdir(join(directory, 'other'))
  expect(await uninstall(`--bin-dir ${directory}/other`)).toMatchObject({
    status: 0,
    lines: [`removed ip-masq from ${confDir}/10-pods.conflist`, `there is no ${directory}/other/ip-masq`],
  })
})

test('a config that it may not read keeps the executable: a runtime may', async () => {
  const link = join(confDir, '20-linked.conflist')
  await writeFile(join(directory, 'linked'), CONFLIST.replace('bridge', 'ip-masq'))
  await symlink(join(directory, 'linked'), link)
  await lchown(link, 4321, 4321)
  const { status, stderr } = await uninstall()
  expect({ status, isThere: await isThere() }).toEqual({ status: 1, isThere: true })
  expect(stderr).toMatch(
    `Cannot tell whether ${link} names ip-masq: Cannot use ${directory}/linked: it belongs to user 0, and a link that user 4321 can change leads to it; repair or remove the file, or use --force`,
  )
  // What no runtime can read is no reason to stay.
  await rm(link)
  await symlink(join(directory, 'nowhere'), link)
  await mkdir(join(confDir, '30-directory.conf'))
  expect((await uninstall()).status).toBe(0)
})

test('a cache that was wiped while pods run proves nothing', async () => {
  // A path that cannot be recorded: nobody knows their namespaces, as with a runtime that keeps none.
  const environment = { CNI_NETNS: '/var/run/netns/ip masq' }
  for (const [i, containerID] of ['a', 'b', 'c'].entries()) {
    const config = { ...configWith([`10.244.1.${i + 2}/24`]), name: 'pods' }
    await succeed(node, 'ADD', { containerID, config, environment })
  }
  await cache({ containerID: 'c' })
  const { status, lines } = await uninstall('--grace 0')
  expect(status).toBe(1)
  expect(lines.filter((line) => line.startsWith('in use'))).toHaveLength(3)
})

test('ends when the conflist was changed to another backend while a pod ran', async () => {
  const config = (backend: string) => ({ ...configWith(['10.244.1.7/24'], { backend }), name: 'pods' })
  const conflist = (backend: string) => ({
    ...{ cniVersion: '1.0.0', name: 'pods' },
    plugins: [{ type: 'bridge' }, { type: 'ip-masq', backend }],
  })
  await succeed(node, 'ADD', { containerID: 'a', config: config('iptables') })
  const entry = await cache({ containerID: 'a', netns: node.path, plugins: conflist('iptables').plugins })
  await writeFile(join(confDir, '10-pods.conflist'), JSON.stringify(conflist('nftables')))
  expect(await run(`sync --conf-dir ${confDir} --cache-dir ${cacheDir}`)).toMatchObject({ status: 0 })
  await succeed(node, 'DEL', { containerID: 'a', config: config('nftables') })
  await rm(entry)
  const { status, lines } = await uninstall()
  expect({ status, last: lines.at(-1) }).toEqual({ status: 0, last: `removed ${binDir}/ip-masq` })
  expect(await node.sh('nft list tables')).not.toContain('ip-masq')
  expect(await node.sh('iptables-save -t nat')).not.toMatch(/ip-masq|10\.244\.1\.7/i)
})

test('ends after a change of backend', async () => {
  const config = { ...configWith(['10.244.1.7/24'], { backend: 'iptables' }), name: 'pods' }
  await succeed(node, 'ADD', { containerID: 'a', config })
  // Whoever makes the table notes in it that there are rules in iptables.
  await succeed(node, 'ADD', {
    containerID: 'b',
    config: { ...configWith(['10.244.1.8/24'], { backend: 'nftables' }), name: 'pods' },
  })
  for (const containerID of ['a', 'b']) await succeed(node, 'DEL', { containerID, config })
  expect((await uninstall()).lines.at(-1)).toBe(`removed ${binDir}/ip-masq`)
  expect(await node.sh('nft list tables')).not.toContain('ip-masq')
})
