import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CHANGES_TOO_FAST } from '../../src/backend/nftables/table-state'
import { type CachedNetwork, createCachedNetwork, makeOld } from '../lab/cached-network'
import { firewall, masquerading } from '../lab/firewall'
import { createNamespace, type Namespace } from '../lab/namespace'
import { configWith, succeed } from '../lab/plugin'

let node: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('sync')
  network = await createCachedNetwork(node)
})
afterEach(async () => {
  await network.delete()
  await node.delete()
})

const holders = () => firewall.holders(node)
const list = () => firewall.list(node)

const addTwo = async () => {
  await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
  await network.add('b', ['10.244.1.8/24'])
}
const TWO = { '10.244.1.7': 'a', 'fd00::7': 'a', '10.244.1.8': 'b' }

describe('sync', () => {
  test('of a node in order: one line, nothing changed', async () => {
    await addTwo()
    const before = await list()
    expect(await network.command('sync')).toMatchObject({
      status: 0,
      stdout: '2 attachments, nothing to do',
      stderr: '',
    })
    expect(await list()).toBe(before)
  })

  test('of a node without pods: no table is made', async () => {
    expect(await network.command('sync')).toMatchObject({ status: 0, stdout: '0 attachments, nothing to do' })
    expect(await list()).toBe('')
  })

  test('after a flush restores every attachment, in one transaction', async () => {
    await addTwo()
    const before = await firewall.policies(node)
    await node.sh(firewall.flush)
    const { status, lines } = await network.command('sync')
    expect({ status, lines }).toEqual({
      status: 0,
      lines: [
        ...firewall.missing,
        'restored shop/a (a eth0, network cbr0): 10.244.1.7, fd00::7',
        'restored shop/b (b eth0, network cbr0): 10.244.1.8',
        '2 attachments, 2 changed',
      ],
    })
    expect(await firewall.policies(node)).toEqual(before)
    expect(await holders()).toEqual(TWO)
    expect(await network.command('sync')).toMatchObject({ stdout: '2 attachments, nothing to do' })
  })

  test('after a flush keeps the time of each ADD, which the runtime wrote down with its cache file', async () => {
    await addTwo()
    await makeOld(await network.cache('b', ['10.244.1.8/24']), 3600)
    await node.sh(firewall.flush)
    await network.command('sync')
    const now = Date.now() / 1000
    expect(now - (await firewall.addedAt(node, 'a'))).toBeLessThan(600)
    expect(now - (await firewall.addedAt(node, 'b'))).toBeGreaterThan(3500)
  })

  test('brings no address back that a later ADD gave up, though the cache has it still', async () => {
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    // The runtime writes the cache after the whole chain's ADD.
    await succeed(node, 'ADD', { containerID: 'a', config: configWith(['10.244.1.9/24', 'fd00::7/64']) })
    const { status, lines } = await network.command('sync')
    expect({ status, lines }).toEqual({
      status: 0,
      lines: [
        'left alone 10.244.1.7 of shop/a (a eth0, network cbr0): a later ADD of the same attachment has given it up',
        '1 attachment, nothing to do',
      ],
    })
    expect(await holders()).toEqual({ '10.244.1.9': 'a', 'fd00::7': 'a' })
    // Without prevResult: by what the kernel says that it has.
    await succeed(node, 'DEL', {
      containerID: 'a',
      config: { cniVersion: '1.0.0', name: 'cbr0', type: 'ip-masq' },
    })
    expect(await holders()).toEqual({})
  })

  test('restores the other address of a pod that has one which a newer cache entry claims', async () => {
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await network.add('b', ['10.244.1.7/24'])
    await node.sh(firewall.flush)
    await succeed(node, 'ADD', { containerID: 'a', config: configWith(['10.244.1.7/24']) })
    const { status, stdout } = await network.command('sync')
    expect(status).toBe(0)
    expect(stdout).toContain('restored shop/a (a eth0, network cbr0): ')
    expect(stdout).toMatch(/left alone 10\.244\.1\.7 of shop\/b \(b eth0, network cbr0\): \S*a.* holds it/)
    expect(await holders()).toEqual({ '10.244.1.7': 'a', 'fd00::7': 'a' })
    await succeed(node, 'DEL', {
      containerID: 'a',
      config: { cniVersion: '1.0.0', name: 'cbr0', type: 'ip-masq' },
    })
    expect(await holders()).toEqual({})
  })

  test('after a change of the conflist moves every pod to the new policy', async () => {
    await addTwo()
    const old = await firewall.policies(node)
    await network.writeConflist({ nonMasqueradeCIDRs: ['192.0.2.0/24'] })
    const { status, lines } = await network.command('sync')
    expect({ status, lines }).toEqual({
      status: 0,
      lines: [
        'changed shop/a (a eth0, network cbr0): 10.244.1.7, fd00::7',
        'changed shop/b (b eth0, network cbr0): 10.244.1.8',
        '2 attachments, 2 changed',
      ],
    })
    const now = await firewall.policies(node)
    for (const policy of Object.values(old)) expect(Object.values(now)).not.toContain(policy)
    expect(await firewall.exempt(node, '10.244.1.8')).toContain('192.0.2.0/24')
  })

  test('--dry-run says what it would do, and does nothing', async () => {
    await addTwo()
    await node.sh(firewall.flush)
    const { status, stdout } = await network.command('sync --dry-run')
    expect(status).toBe(1)
    expect(stdout).toContain('2 attachments, would change 2\n')
    expect(stdout).toContain('would restore shop/b (b eth0, network cbr0): 10.244.1.8\n')
    expect(await list()).toBe('')
    // The script is the one that would be sent.
    const scripts = stdout.slice(stdout.indexOf(firewall.scriptStart)).split(/(?=^# )/m)
    for (const script of scripts) {
      const [, tool = 'nft -f -'] = /^# (.*)$/m.exec(script) ?? []
      await node.sh(`${tool} <<'EOF'\n${script}\nEOF`)
    }
    expect(await holders()).toEqual(TWO)
  })

  test('--json is for programs', async () => {
    await addTwo()
    await node.sh(firewall.loseRule('10.244.1.8'))
    const { stdout } = await network.command('sync --json')
    expect(JSON.parse(stdout)).toMatchObject({
      found: 2,
      changes: [
        {
          containerID: 'b',
          ifname: 'eth0',
          network: 'cbr0',
          pod: 'shop/b',
          what: 'restored',
          addresses: ['10.244.1.8'],
        },
      ],
      removed: [],
      kept: [],
      warnings: [],
      errors: [],
      caches: [{ directory: join(network.cacheDir, 'results'), runtime: 'containerd or CRI-O' }],
    })
    expect(await holders()).toEqual(TWO)
  })

  test.each(firewall.damages)('repairs %s', async (_, change) => {
    await addTwo()
    const before = await list()
    const policy = (await firewall.policies(node))['10.244.1.7'] ?? ''
    await node.sh(change.replaceAll('POLICY', policy))
    expect(await list()).not.toBe(before)
    expect((await network.command('sync')).status).toBe(0)
    const without = (text: string) =>
      text
        .replaceAll(/ \d{10} /g, ' ')
        // What iptables records of an ADD says, after this, that sync restored it.
        .replaceAll(/^-A IPM-O-\S+ -s \S+ -d .*\n/gm, '')
        .split('\n')
        .filter((line) => !line.includes('-o elsewhere'))
        .sort()
    expect(without(await list())).toEqual(without(before))
    expect(await network.command('sync')).toMatchObject({ stdout: '2 attachments, nothing to do' })
  })

  test('a live owner in the kernel beats the cache', async () => {
    await network.cache('old', ['10.244.1.7/24', 'fd00::7/64'])
    await succeed(node, 'ADD', { containerID: 'new', config: configWith(['10.244.1.7/24']) })
    const { status, lines } = await network.command('sync')
    expect(status).toBe(0)
    expect(lines).toContain('left alone 10.244.1.7 of shop/old (old eth0, network cbr0): new eth0 holds it')
    expect(await holders()).toEqual({ '10.244.1.7': 'new', 'fd00::7': 'old' })
  })

  test('of two cache entries for one address: the one whose netns exists', async () => {
    await network.cache('known', ['10.244.1.7/24'], { netns: node.path })
    await network.cache('newer', ['10.244.1.7/24'])
    await network.command('sync')
    expect(await holders()).toEqual({ '10.244.1.7': 'known' })
  })

  test('of two cache entries for one address without netns: the newer file', async () => {
    await network.cache('newer', ['10.244.1.7/24'])
    await makeOld(await network.cache('older', ['10.244.1.7/24']), 60)
    await network.command('sync')
    expect(await holders()).toEqual({ '10.244.1.7': 'newer' })
  })

  test('an entry whose netns is gone is not restored', async () => {
    await network.cache('gone', ['10.244.1.7/24'], { netns: '/var/run/netns/ip-masq-gone' })
    await network.cache('here', ['10.244.1.8/24'], { netns: node.path })
    expect(await network.command('sync')).toMatchObject({ status: 0 })
    expect(await holders()).toEqual({ '10.244.1.8': 'here' })
  })

  test('a torn, an empty and a foreign file are skipped with a warning', async () => {
    await addTwo()
    await node.sh(firewall.flush)
    const results = join(network.cacheDir, 'results')
    await writeFile(join(results, 'cbr0-torn-eth0'), '{"kind": "cniCacheV1", "contai')
    await writeFile(join(results, 'cbr0-empty-eth0'), '')
    await writeFile(join(results, 'README'), 'hello')
    // libcni may not be done with those of this moment.
    await node.sh(`touch -d '1 minute ago' ${results}/cbr0-{torn,empty}-eth0`)
    const { status, lines } = await network.command('sync')
    // A pod of theirs may be without its rules.
    expect(status).toBe(1)
    expect(lines.filter((line) => line.startsWith('warning: '))).toEqual([
      'warning: skipped the unreadable cache file README',
      'warning: skipped the unreadable cache file cbr0-empty-eth0',
      'warning: skipped the unreadable cache file cbr0-torn-eth0',
    ])
    expect(await holders()).toEqual(TWO)
    // Those of an earlier boot are of pods that are not there any more.
    await node.sh(`touch -d '1970-01-02' ${results}/cbr0-*`)
    expect((await network.command('sync')).status).toBe(0)
    await node.sh(
      `rm ${results}/cbr0-*; ln -s nowhere ${results}/cbr0-link-eth0; touch -h -d '1 minute ago' ${results}/cbr0-link-eth0`,
    )
    expect(await network.command('sync')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('skipped the unreadable cache file cbr0-link-eth0'),
    })
  })

  test.each([
    ['an object', '{"type":"ip-masq"}', 'it has no list of plugins'],
    ['empty', '[]', 'its list of plugins is empty'],
  ])('a conflist whose plugins are %s, and a flush: the rules of the ADDs', async (_, plugins, why) => {
    await addTwo()
    await node.sh(firewall.flush)
    const text = `{"cniVersion":"1.0.0","name":"cbr0","plugins":${plugins}}`
    await writeFile(join(network.confDir, '10-pods.conflist'), text)
    const { status, lines } = await network.command('sync')
    expect(status).toBe(1)
    expect(lines.join('\n')).toContain(`10-pods.conflist: ${why}`)
    expect(await holders()).toEqual(TWO)
  })

  test.each([
    ['its conflist', '10-pods.conflist', '{"na'],
    ['a drop-in', 'cbr0/90-x.conf', '{"na'],
  ])('a network that cannot be read for %s keeps what it has, and sync fails', async (_, file, text) => {
    await addTwo()
    await network.writeConflist({ nonMasqueradeCIDRs: ['192.0.2.0/24'] })
    await network.command('sync')
    const before = await list()
    await mkdir(join(network.confDir, 'cbr0'))
    await writeFile(join(network.confDir, file), text)
    const { status, lines } = await network.command('sync')
    expect(status).toBe(1)
    expect(lines).toContain('error: network cbr0: no conflist that can be read has this name')
    expect(await list()).toEqual(before)
    await node.sh(firewall.flush)
    await network.command('sync')
    expect(await holders()).toEqual(TWO)
  })

  test('a pod that has rules keeps them when its conflist is gone, and sync does not go back to that of its ADD', async () => {
    await addTwo()
    await network.writeConflist({ nonMasqueradeCIDRs: ['192.0.2.0/24'] })
    await network.command('sync')
    const before = await list()
    await rm(join(network.confDir, '10-pods.conflist'))
    const { status, lines } = await network.command('sync')
    expect({ status, lines }).toEqual({
      status: 0,
      lines: [
        `warning: network cbr0: no conflist in ${network.confDir} has this name, so its pods keep the rules of their ADD; name the right directory with --conf-dir or --profile`,
        '2 attachments, nothing to do',
      ],
    })
    expect(await list()).toEqual(before)
  })

  test('of a plugin that is listed twice the last has the last word, as at an ADD', async () => {
    const [bridge, first, last] = [
      { type: 'bridge' },
      { type: 'ip-masq', ...firewall.keys, nonMasqueradeCIDRs: [] },
      { type: 'ip-masq', ...firewall.keys },
    ]
    await addTwo()
    await network.writeConflist({}, { plugins: [bridge, first, last] })
    expect(await network.command('sync')).toMatchObject({ stdout: '2 attachments, nothing to do' })
  })

  test('a FIFO, a directory and a result with a garbage address are skipped with a warning', async () => {
    await addTwo()
    await node.sh(
      `cd ${network.cacheDir}/results; mkfifo cbr0-fifo-eth0; mkdir cbr0-dir-eth0; touch -d '1 minute ago' cbr0-{fifo,dir}-eth0`,
    )
    await network.cache('garbage', ['garbage'])
    await network.cache('torn', ['10.244.1.9/24'], { networkName: 'gone', config: 'eyJ' })
    const { status, lines } = await network.command('sync')
    expect(status).toBe(1)
    expect(lines).toEqual([
      'warning: skipped the unreadable cache file cbr0-dir-eth0',
      'warning: skipped the unreadable cache file cbr0-fifo-eth0',
      expect.stringMatching(
        /^warning: skipped the cache file cbr0-garbage-eth0: Cannot use prevResult.ips\[0\]/,
      ),
      expect.stringMatching(
        /^warning: skipped the cache file cbr0-torn-eth0: the conflist in it is not JSON: line 1, column \d+: /,
      ),
      '2 attachments, nothing to do',
    ])
  })

  test('a network whose conflist is gone goes by the one of its ADDs', async () => {
    await network.writeConflist({ nonMasqueradeCIDRs: ['192.0.2.0/24'] })
    await addTwo()
    const before = await firewall.policies(node)
    await rm(join(network.confDir, '10-pods.conflist'))
    await node.sh(firewall.flush)
    await network.command('sync')
    expect(await firewall.policies(node)).toEqual(before)
  })

  test('a network without ip-masq in its conflist is none of ours', async () => {
    await network.cache('a', ['10.244.1.7/24'])
    await network.writeConflist({}, { plugins: [{ type: 'bridge' }] })
    expect(await network.command('sync')).toMatchObject({ stdout: '0 attachments, nothing to do' })
  })

  test('a network chained by a drop-in', async () => {
    await network.writeConflist({}, { plugins: [{ type: 'bridge' }] })
    await mkdir(join(network.confDir, 'cbr0'))
    await writeFile(
      join(network.confDir, 'cbr0', '90-ip-masq.conf'),
      JSON.stringify({ type: 'ip-masq', ...firewall.keys, nonMasqueradeCIDRs: [] }),
    )
    await network.cache('a', ['10.244.1.7/24'])
    await network.command('sync')
    expect(await holders()).toEqual({ '10.244.1.7': 'a' })
    await network.writeConflist({}, { plugins: [{ type: 'bridge' }], loadOnlyInlinedPlugins: true })
    expect(await network.command('sync')).toMatchObject({ stdout: '0 attachments, nothing to do' })
  })

  test('a typo in the conflist: the pods keep what they have, and sync fails', async () => {
    await addTwo()
    await network.writeConflist({ nonMasqueradeCIDRs: ['10/8'] })
    const { status, lines } = await network.command('sync --prune --grace 0')
    expect(status).toBe(1)
    expect(lines).toContain(
      'error: network cbr0: Cannot use nonMasqueradeCIDRs[0] "10/8": write all four octets, as in "10.0.0.0/8"',
    )
    expect(await holders()).toEqual(TWO)
  })

  test('a value that cannot be used, and a flush: the pods get the rules of their ADD, and sync fails', async () => {
    await addTwo()
    await network.writeConflist({ nonMasqueradeCIDRs: ['10.0.0.0/33'] })
    await node.sh(firewall.flush)
    const { status, lines } = await network.command('sync')
    expect(status).toBe(1)
    expect(lines).toContain('restored shop/a (a eth0, network cbr0): 10.244.1.7, fd00::7')
    expect(lines).toContain(
      'error: network cbr0: Cannot use nonMasqueradeCIDRs[0] "10.0.0.0/33": write a prefix length from 0 to 32 for IPv4',
    )
    expect(await holders()).toEqual(TWO)
  })

  test('the loopback network of containerd is no concern of ours', async () => {
    await addTwo()
    const conflist = JSON.stringify({ name: 'cni-loopback', plugins: [{ type: 'loopback' }] })
    await network.cache('lo', ['127.0.0.1/8'], {
      networkName: 'cni-loopback',
      config: Buffer.from(conflist).toString('base64'),
    })
    expect(await network.command('sync')).toMatchObject({
      status: 0,
      stdout: '2 attachments, nothing to do',
      stderr: '',
    })
  })
})

const GONE = { CNI_NETNS: '/var/run/netns/ip-masq-gone' }
const stale = (environment: Record<string, string> = GONE) =>
  succeed(node, 'ADD', { containerID: 'stale', environment, config: configWith(['10.244.1.99/24']) })

describe('sync --prune', () => {
  test('without it nothing is removed', async () => {
    await addTwo()
    await stale()
    await network.command('sync')
    expect(await holders()).toEqual({ ...TWO, '10.244.1.99': 'stale' })
  })

  test('removes what is proven gone, whatever the grace', async () => {
    await addTwo()
    await stale()
    const { status, lines } = await network.command('sync --prune')
    expect({ status, lines }).toEqual({
      status: 0,
      lines: ['removed (stale eth0, network cbr0): 10.244.1.99', '2 attachments, 1 changed'],
    })
    expect(await holders()).toEqual(TWO)
  })

  test('keeps what no cache has while its namespace exists, and says so', async () => {
    await addTwo()
    await stale({})
    const { status, lines } = await network.command('sync --prune --grace 0')
    expect({ status, lines }).toEqual({
      status: 0,
      lines: [
        'kept (stale eth0, network cbr0): its network namespace still exists',
        '2 attachments, nothing to do',
      ],
    })
    expect(await holders()).toEqual({ ...TWO, '10.244.1.99': 'stale' })
  })

  test.each(['torn', 'empty'])('a %s cache file costs no pod its rules', async (kind) => {
    await network.add('my-pod-1', ['10.244.1.7/24'])
    const file = await network.cache('my-pod-1', [])
    await writeFile(file, kind === 'torn' ? '{"kind": "cniCa' : '')
    for (const command of ['sync --prune --grace 0', 'gc --grace 0']) await network.command(command)
    expect(await holders()).toEqual({ '10.244.1.7': 'my-pod-1' })
  })

  test('a cache that is not there costs no pod its rules', async () => {
    await addTwo()
    await rename(join(network.cacheDir, 'results'), join(network.cacheDir, 'elsewhere'))
    for (const command of ['sync --prune --grace 0', 'gc --grace 0']) {
      const { status, stdout, stderr } = await network.command(command)
      expect(status).toBe(1)
      expect(stdout + stderr).toMatch(
        /Cannot tell what is stale: there is no result cache .*; use --cache-dir/,
      )
    }
    expect(await holders()).toEqual(TWO)
  })
})

describe('gc', () => {
  test('removes what is not in the cache, what is gone, and policies without pods', async () => {
    await addTwo()
    await network.add('gone', ['10.244.1.20/24'], '/var/run/netns/ip-masq-gone')
    await network.add('here', ['10.244.1.21/24'], node.path)
    await succeed(node, 'ADD', {
      containerID: 'stale',
      environment: GONE,
      config: configWith(['10.244.1.99/24'], { nonMasqueradeCIDRs: [] }),
    })
    const policy = (await firewall.policies(node))['10.244.1.99']
    const dry = await network.command('gc --grace 0 --dry-run')
    expect(dry.status).toBe(1)
    expect(dry.lines).toContain('would remove (stale eth0, network cbr0): 10.244.1.99')
    expect(Object.keys(await holders())).toHaveLength(6)
    const { status, lines } = await network.command('gc --grace 0')
    expect(status).toBe(0)
    expect(lines.sort()).toEqual(
      [
        'removed shop/gone (gone eth0, network cbr0): 10.244.1.20',
        'removed (stale eth0, network cbr0): 10.244.1.99',
        `removed ${policy}, which no pod has`,
        '2 attachments and 1 policy removed',
      ].sort(),
    )
    expect(await holders()).toEqual({ ...TWO, '10.244.1.21': 'here' })
    expect(await network.command('gc --grace 0')).toMatchObject({ status: 0, stdout: 'nothing to do' })
  })

  test('a pod of which one entry is gone and another is not', async () => {
    await network.add('a', ['10.244.1.7/24'], node.path)
    await network.cache('zzz', [], { containerId: 'a', netns: '/var/run/netns/ip-masq-gone' })
    await network.command('gc')
    expect(await holders()).toEqual({ '10.244.1.7': 'a' })
  })

  test('a containerID that is used again: its old entry does not speak for the ADD under way', async () => {
    await makeOld(await network.cache('a', ['10.244.1.6/24'], { netns: '/var/run/netns/ip-masq-gone' }), 60)
    await succeed(node, 'ADD', { containerID: 'a', config: configWith(['10.244.1.7/24']) })
    await network.command('gc')
    expect(await holders()).toEqual({ '10.244.1.7': 'a' })
  })

  test('where no netns can be seen at all, none is taken for gone', async () => {
    await network.add('a', ['10.244.1.7/24'], '/run/ip-masq-elsewhere/a')
    await network.command('gc')
    expect(await holders()).toEqual({ '10.244.1.7': 'a' })
    await node.sh(firewall.flush)
    await network.command('sync')
    expect(await holders()).toEqual({ '10.244.1.7': 'a' })
  })

  test('the grace does not hold for what is known to be gone', async () => {
    await network.add('gone', ['10.244.1.20/24'], '/var/run/netns/ip-masq-gone')
    const { stdout } = await network.command('gc --json')
    expect(JSON.parse(stdout)).toEqual({
      removed: [
        {
          network: 'cbr0',
          containerID: 'gone',
          ifname: 'eth0',
          pod: 'shop/gone',
          addresses: ['10.244.1.20'],
        },
      ],
      policies: expect.arrayContaining([expect.stringMatching(firewall.policyName)]),
      kept: [],
      failures: [],
    })
    expect(await masquerading(node)).toEqual([])
  })
})

describe('beside everything else', () => {
  test('sync and sync --prune, looping beside 100 parallel ADDs and DELs', async () => {
    await succeed(node, 'ADD', {
      containerID: 'foreign',
      config: { ...configWith(['10.9.0.1/24']), name: 'other' },
    })
    await network.cache('foreign-file', [], { networkName: 'other', containerId: 'foreign', ifName: 'eth0' })
    const addressOf = (i: number) => [`10.244.3.${i + 1}/24`, `fd00:3::${(i + 1).toString(16)}/64`]
    let isDone = false
    const loop = async (command: string) => {
      while (!isDone) {
        const reply = await network.command(command)
        // On a busy machine no two listings of nft may agree. Then it says so, and what was done is right all the same.
        const isDoubtful = reply.lines.some((line) => line.startsWith(`error: ${CHANGES_TOO_FAST}; `))
        expect(reply).toEqual({ ...reply, status: isDoubtful ? 1 : 0 })
      }
    }
    const loops = [loop('sync'), loop('sync --prune')]
    // Containers come and go; every other one stays, and its address is never another's.
    const pods = Array.from({ length: 100 }, (_, i) => i)
    await Promise.all(
      pods.map(async (i) => {
        await network.add(`pod-${i}`, addressOf(i))
        if (i % 2 === 0) await network.del(`pod-${i}`)
        if (i % 4 === 0) await network.add(`reuse-${i}`, addressOf(i))
      }),
    )
    isDone = true
    await Promise.all(loops)
    const expected: Record<string, string> = { '10.9.0.1': 'foreign' }
    for (const i of pods.filter((n) => n % 4 !== 2)) {
      for (const address of addressOf(i))
        expected[address.split('/')[0] ?? ''] = i % 4 === 0 ? `reuse-${i}` : `pod-${i}`
    }
    expect(await holders()).toMatchObject(expected)
    expect(await network.command('sync --prune --grace 0')).toMatchObject({ status: 0 })
    expect(await holders()).toEqual(expected)
  })
})
