import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { firewall } from '../lab/firewall'
import { createNamespace, type Namespace, OWN_ADDRESS } from '../lab/namespace'

/** Whose rules gc and `sync --prune` remove: those of pods that are proven gone, and of no others. */

let node: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('proof')
  network = await createCachedNetwork(node)
})
afterEach(async () => {
  await network.delete()
  await node.delete()
})

const holders = () => firewall.holders(node)

/** Moves a cache file to where another runtime keeps its results. */
async function moveTo(place: string, file: string) {
  const target = join(network.cacheDir, place, basename(file))
  await mkdir(dirname(target), { recursive: true })
  await rename(file, target)
}

const GONE = '/var/run/netns/ip-masq-gone'
/** A path that is too long to be recorded: the rules are as those of a version which recorded none. */
const UNRECORDED = `/var/run/netns${`/${'long'.repeat(50)}`.repeat(6)}`

/** Without a process, as that of a Kata pod or of one between two restarts: nobody can look into it. */
async function withUnseenNamespace(work: () => Promise<void>) {
  const unseen = await createNamespace('unseen')
  try {
    await work()
  } finally {
    await unseen.delete()
  }
}

/** Nobody recorded its namespace, neither we nor the runtime. */
async function addUnrecorded(containerID: string, addresses: readonly string[]) {
  await network.add(containerID, addresses, UNRECORDED)
  await network.cache(containerID, addresses)
}

describe('a cache that another runtime keeps', () => {
  const places = [
    ['Multus', 'multus/results'],
    ['cri-dockerd', 'cache/results'],
    ['a runtime that nobody knows', 'engine/results'],
  ] as const

  test.each(places)('%s: its pods keep their rules', async (_, place) => {
    await network.add('a', ['10.244.61.7/24'], node.path)
    await moveTo(place, join(network.cacheDir, 'results', 'cbr0-a-eth0'))
    for (const command of ['gc --grace 0', 'sync --prune --grace 0'])
      expect(await network.command(command)).toMatchObject({ status: 0 })
    expect(await holders()).toEqual({ '10.244.61.7': 'a' })
  })

  test.each(places)('%s: its pods get their rules back after a flush', async (_, place) => {
    await network.add('a', ['10.244.61.7/24'], node.path)
    await moveTo(place, join(network.cacheDir, 'results', 'cbr0-a-eth0'))
    await node.sh(firewall.flush)
    expect((await network.command('sync')).lines).toContain(
      'restored shop/a (a eth0, network cbr0): 10.244.61.7',
    )
    expect(await holders()).toEqual({ '10.244.61.7': 'a' })
  })

  test('sync says which caches it read', async () => {
    await network.add('a', ['10.244.61.7/24'], node.path)
    await network.add('b', ['10.244.61.8/24'], node.path)
    await moveTo('multus/results', join(network.cacheDir, 'results', 'cbr0-b-eth0'))
    const { lines } = await network.command('sync')
    expect(lines).toEqual([
      `read ${network.cacheDir}/results (containerd or CRI-O)`,
      `read ${network.cacheDir}/multus/results (Multus)`,
      '2 attachments, nothing to do',
    ])
    // Each once, though one is below the other.
    const twice = await network.command(`sync --cache-dir ${network.cacheDir}/multus`)
    expect(twice.lines.sort()).toEqual(lines.sort())
  })

  test('that of a directory named by a second --cache-dir counts too', async () => {
    await network.add('a', ['10.244.61.7/24'], node.path)
    await moveTo('../elsewhere/results', join(network.cacheDir, 'results', 'cbr0-a-eth0'))
    await node.sh(firewall.flush)
    await network.command(`sync --cache-dir ${dirname(network.cacheDir)}/elsewhere`)
    expect(await holders()).toEqual({ '10.244.61.7': 'a' })
  })
})

describe('a cache that was wiped', () => {
  const addThree = async (netns?: string) => {
    const add = (containerID: string, addresses: string[]) =>
      netns === undefined ? addUnrecorded(containerID, addresses) : network.add(containerID, addresses, netns)
    await add('a', ['10.244.61.7/24'])
    await add('b', ['10.244.61.8/24'])
    await add('c', ['10.244.61.9/24'])
    for (const name of await readdir(join(network.cacheDir, 'results')))
      if (!name.includes('-c-')) await rm(join(network.cacheDir, 'results', name))
  }
  const ALL = { '10.244.61.7': 'a', '10.244.61.8': 'b', '10.244.61.9': 'c' }

  test.each(['gc --grace 0', 'sync --prune --grace 0'])('%s keeps live pods, and fails', async (command) => {
    await addThree(node.path)
    const { status, lines } = await network.command(command)
    expect(status).toBe(1)
    expect(lines).toContain('kept shop/a (a eth0, network cbr0): its network namespace still exists')
    expect(lines).toContain(
      'error: Cannot tell what is stale: the result caches know 1 of 3 attachments that have rules; name the cache of every runtime with --cache-dir',
    )
    expect(await holders()).toEqual(ALL)
  })

  test('what nobody recorded a namespace of is kept too', async () => {
    await addThree()
    expect(await network.command('gc --grace 0')).toMatchObject({ status: 1 })
    expect(await holders()).toEqual(ALL)
  })

  test('what is proven gone goes all the same', async () => {
    await addThree(GONE)
    expect(await network.command('gc --grace 0')).toMatchObject({ status: 0 })
    expect(await holders()).toEqual({})
  })

  test('there is none: a sync after a flush is no success', async () => {
    await network.add('a', ['10.244.61.7/24'])
    await rm(join(network.cacheDir, 'results'), { recursive: true })
    await node.sh(firewall.flush)
    expect(await network.command('sync')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining(`there is no result cache ${network.cacheDir}/results`),
    })
  })
})

describe('a pod whose rules sync made', () => {
  test('restored: they go when its namespace is gone, though they are younger than its cache file', async () => {
    const pod = await createNamespace('pod')
    await network.cache('a', ['10.244.61.7/24'], { netns: pod.path })
    await network.command('sync')
    expect(await holders()).toEqual({ '10.244.61.7': 'a' })
    await pod.delete()
    await network.command('gc')
    expect(await holders()).toEqual({})
  })

  /** CRI-O: the conflist of the ADD has no ip-masq, the entry names no namespace, and DEL never calls us. */
  const adopt = async (address = '10.244.61.7') => {
    const conflist = JSON.stringify({ name: 'cbr0', plugins: [{ type: 'bridge' }] })
    await network.cache('a', [`${address}/24`], { config: Buffer.from(conflist).toString('base64') })
    await network.command('sync')
    expect(await holders()).toEqual({ [address]: 'a' })
  }

  test.each(['gc', 'sync --prune'])(
    'adopted: %s removes them as soon as its cache entry is gone',
    async (command) => {
      await adopt()
      await network.add('b', ['10.244.61.8/24'])
      await network.command(command)
      expect(await holders()).toEqual({ '10.244.61.7': 'a', '10.244.61.8': 'b' })
      await network.uncache('a')
      await network.command(command)
      expect(await holders()).toEqual({ '10.244.61.8': 'b' })
    },
  )

  test.each(['gc', 'sync --prune'])(
    'adopted: %s keeps them when the whole cache was emptied and some namespace cannot be looked into',
    (command) =>
      withUnseenNamespace(async () => {
        await adopt()
        await network.uncache('a')
        const { status, lines } = await network.command(command)
        expect(status).toBe(1)
        expect(lines).toContain(
          'error: Cannot tell what is stale: the result caches know 0 of 1 attachments that have rules; name the cache of every runtime with --cache-dir',
        )
        expect(await holders()).toEqual({ '10.244.61.7': 'a' })
      }),
  )

  test('adopted: they stay while a namespace has the address', async () => {
    await adopt(OWN_ADDRESS)
    const pod = await createNamespace('pod')
    try {
      await pod.sh(`ip address add ${OWN_ADDRESS}/24 dev lo`)
      pod.start('sleep', 'infinity')
      await network.uncache('a')
      const { status, lines } = await network.command('gc')
      expect({ status, lines }).toEqual({
        status: 1,
        lines: [
          'kept shop/a (a eth0, network cbr0): a network namespace has its address',
          expect.stringContaining('the result caches know 0 of 1 attachments'),
          'nothing to do',
        ],
      })
      expect(await holders()).toEqual({ [OWN_ADDRESS]: 'a' })
    } finally {
      await pod.delete()
    }
  })
})

describe('a pod of which nobody recorded the namespace, and whose entry is gone', () => {
  /** Nothing is named in /run/netns, so that all namespaces are seen by their processes. */
  const seesAll = { before: 'umount -l /run/netns 2>/dev/null || true; mount -t tmpfs none /run/netns' }
  const addBoth = async () => {
    await addUnrecorded('here', ['10.244.61.8/24'])
    await addUnrecorded('a', [`${OWN_ADDRESS}/24`])
    await network.uncache('a')
  }

  test('it is kept, and gc fails, while there is a namespace that cannot be looked into', () =>
    withUnseenNamespace(async () => {
      await addBoth()
      const { status, stdout } = await network.command('gc --grace 0')
      expect(status).toBe(1)
      expect(stdout).toMatch(/^kept shop\/a .*: \/.* may have its address, and could not be examined$/m)
      expect(await holders()).toEqual({ '10.244.61.8': 'here', [OWN_ADDRESS]: 'a' })
    }))

  test('it is kept as long as its ADD may be under way, and then removed', async () => {
    await addBoth()
    const early = await network.command('gc', seesAll)
    expect(early.stdout).toContain('kept shop/a (a eth0, network cbr0): its ADD may be under way')
    expect(Object.keys(await holders())).toHaveLength(2)
    await network.command('gc --grace 0', seesAll)
    expect(await holders()).toEqual({ '10.244.61.8': 'here' })
  })

  test('it is kept while a process is in a namespace that has the address', async () => {
    await addBoth()
    const pod = await createNamespace('pod')
    try {
      await pod.sh(`ip address add ${OWN_ADDRESS}/24 dev lo`)
      pod.start('sleep', 'infinity')
      const { stdout } = await network.command('gc --grace 0', seesAll)
      expect(stdout).toContain('kept shop/a (a eth0, network cbr0): a network namespace has its address')
      expect(Object.keys(await holders())).toHaveLength(2)
    } finally {
      await pod.delete()
    }
  })
})

describe('gc --address: an operator knows that it is gone', () => {
  test('what nothing here proves either way is removed, and nothing else', async () => {
    await addUnrecorded('a', ['10.244.61.7/24', 'fd00:61::7/64'])
    await addUnrecorded('b', ['10.244.61.8/24'])
    await rm(join(network.cacheDir, 'results'), { recursive: true })
    expect(await network.command('gc --grace 0')).toMatchObject({ status: 1 })
    expect(Object.keys(await holders())).toHaveLength(3)
    const { status, lines } = await network.command('gc --grace 0 --address fd00:61::7')
    // In iptables a family without pods has no use for its policy any more, which has a line of its own.
    expect({ status, removed: lines.filter((line) => !line.includes('which no pod has')) }).toEqual({
      status: 0,
      removed: [
        expect.stringMatching(/^removed shop\/a \(a eth0, network cbr0\): /),
        expect.stringMatching(/^1 attachment and \d polic(y|ies) removed$/),
      ],
    })
    expect(await holders()).toEqual({ '10.244.61.8': 'b' })
  })

  test.each([
    ['a result cache has it', () => addUnrecorded('a', ['10.244.61.7/24'])],
    [
      'its network namespace still exists',
      async () => {
        await network.add('a', ['10.244.61.7/24'], node.path)
        await network.uncache('a')
      },
    ],
  ])('kept, because %s', async (because, add) => {
    await add()
    expect(await network.command('gc --grace 0 --address 10.244.61.7')).toMatchObject({
      status: 1,
      lines: [`kept shop/a (a eth0, network cbr0): ${because}`, 'nothing to do'],
    })
    expect(await holders()).toEqual({ '10.244.61.7': 'a' })
  })

  test('kept, because its ADD may be under way', async () => {
    await network.add('here', ['10.244.61.8/24'], node.path)
    await addUnrecorded('a', ['10.244.61.7/24'])
    await network.uncache('a')
    const { status, lines } = await network.command('gc --address 10.244.61.7')
    expect(status).toBe(1)
    expect(lines[0]).toMatch(/^kept shop\/a \(a eth0, network cbr0\): /)
    expect(Object.keys(await holders())).toHaveLength(2)
  })

  test('an address that nobody has, and one that is none, are errors', async () => {
    await network.add('a', ['10.244.61.7/24'], node.path)
    expect(await network.command('gc --address 10.244.61.9')).toMatchObject({
      status: 1,
      lines: ['error: no attachment here has the address 10.244.61.9', 'nothing to do'],
    })
    const { status, stderr } = await network.command('gc --address web-1')
    expect(status).toBe(2)
    expect(stderr).toContain('Cannot use --address "web-1": write an IP address, as in 10.244.1.7 or fd00::7')
    expect(await holders()).toEqual({ '10.244.61.7': 'a' })
  })
})
