import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace } from '../lab/namespace'
import { EXECUTABLES, resultWith } from '../lab/plugin'
import { podAddresses } from '../lab/table'

/** A namespace that cannot be looked at is not gone: gc and sync run by somebody who may do less than root. */

let node: Namespace
let pod: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('gone')
  pod = await createNamespace('pod')
  network = await createCachedNetwork(node)
})
afterEach(async () => {
  await network.delete()
  await pod.delete()
  await node.delete()
})

/** A process of another user in the pod's namespace, as its pause container is. */
async function startPause(): Promise<number> {
  const child = pod.start(
    'setpriv',
    '--reuid=65535',
    '--regid=65535',
    '--clear-groups',
    'bash',
    '-c',
    'echo up; read',
  )
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  if (child.pid === undefined) throw new Error('the process did not start')
  return child.pid
}

/** What the DaemonSet has: no CAP_SYS_PTRACE, nor anything else that looks past permissions. */
const WEAK = 'setpriv --bounding-set=-all,+net_admin --inh-caps=-all'

const weakly = (line: string, before = 'true') =>
  node.sh(
    `${before}; ${WEAK} ${EXECUTABLES.native} ${line} --conf-dir ${network.confDir} --cache-dir ${network.cacheDir}`,
  )

describe('the namespace of another user’s process', () => {
  test('cannot be looked at without CAP_SYS_PTRACE', async () => {
    const pid = await startPause()
    await expect(node.sh(`${WEAK} stat -L /proc/${pid}/ns/net`)).rejects.toThrow('Permission denied')
  })

  test.each(['gc --grace 0', 'sync --prune --grace 0'])('%s keeps its rules', async (command) => {
    await network.add('a', ['10.244.1.7/24'], `/proc/${await startPause()}/ns/net`)
    await weakly(command)
    expect(await podAddresses(node)).toEqual(['10.244.1.7'])
  })

  test('sync restores its rules', async () => {
    await network.add('a', ['10.244.1.7/24'], `/proc/${await startPause()}/ns/net`)
    await node.sh('nft flush ruleset')
    await weakly('sync')
    expect(await podAddresses(node)).toEqual(['10.244.1.7'])
  })

  test('is hidden by a /proc with hidepid, and not gone', async () => {
    const pid = await startPause()
    await network.add('a', ['10.244.1.7/24'], `/proc/${pid}/ns/net`)
    const hide = 'mount -t proc -o hidepid=ptraceable proc /proc'
    await expect(node.sh(`${hide}; ${WEAK} ls -d /proc/${pid}`)).rejects.toThrow('No such file')
    await weakly('gc --grace 0', hide)
    expect(await podAddresses(node)).toEqual(['10.244.1.7'])
  })

  test.each(['gc --grace 0', 'sync --prune --grace 0'])(
    '%s in a container whose /proc shows other processes keeps its rules',
    async (command) => {
      await network.add('a', ['10.244.1.7/24'], `/proc/${await startPause()}/ns/net`)
      const directories = `--conf-dir ${network.confDir} --cache-dir ${network.cacheDir}`
      await node.sh(`unshare -pm --fork --mount-proc ${EXECUTABLES.native} ${command} ${directories} || true`)
      expect(await podAddresses(node)).toEqual(['10.244.1.7'])
    },
  )

  test('gone: its rules go', async () => {
    const pid = await startPause()
    await network.add('a', ['10.244.1.7/24'], `/proc/${pid}/ns/net`)
    await node.sh(`kill -9 ${pid}; while [ -d /proc/${pid} ]; do sleep 0.05; done`)
    await weakly('gc --grace 0')
    expect(await podAddresses(node)).toEqual([])
  })
})

describe('a link in /run/netns to the namespace of a process', () => {
  const link = async () => {
    const path = `/run/netns/${pod.name}-link`
    const pid = await startPause()
    await node.sh(`ln -s /proc/${pid}/ns/net ${path}`)
    await network.add('a', ['10.244.1.7/24'], path)
    return { pid, path }
  }

  test.each([
    ['whose /proc shows other processes', 'unshare -pm --fork --mount-proc'],
    [
      'whose /proc hides processes',
      `unshare -m bash -c 'mount -t proc -o hidepid=ptraceable proc /proc; exec ${WEAK} "$@"' -`,
    ],
  ])('in a container %s: it is not gone', async (_, before) => {
    const { path } = await link()
    const directories = `--conf-dir ${network.confDir} --cache-dir ${network.cacheDir}`
    try {
      await node.sh(`${before} ${EXECUTABLES.native} gc --grace 0 ${directories} || true`)
      expect(await podAddresses(node)).toEqual(['10.244.1.7'])
      await node.sh('nft flush ruleset')
      await node.sh(`${before} ${EXECUTABLES.native} sync ${directories}`)
      expect(await podAddresses(node)).toEqual(['10.244.1.7'])
    } finally {
      await node.sh(`rm ${path}`)
    }
  })

  test('its rules go with the process', async () => {
    const { pid, path } = await link()
    try {
      await node.sh(`kill -9 ${pid}; while [ -d /proc/${pid} ]; do sleep 0.05; done`)
      expect((await network.command('gc --grace 0')).status).toBe(0)
      expect(await podAddresses(node)).toEqual([])
    } finally {
      await node.sh(`rm ${path}`)
    }
  })
})

describe('in a container that does not see the mounts of the host', () => {
  test('an empty /run/netns proves nothing', async () => {
    await network.add('a', ['10.244.1.7/24'], pod.path)
    const hide = 'mount -t tmpfs none /run/netns'
    await network.command('gc --grace 0', { before: hide })
    expect(await podAddresses(node)).toEqual(['10.244.1.7'])
    await node.sh('nft flush ruleset')
    expect(await network.command('sync', { before: hide })).toMatchObject({
      stdout: expect.stringContaining('1 attachment, 1 changed'),
    })
  })

  test('a plain file in its place proves nothing either, and an operator may know better', async () => {
    await network.add('a', ['10.244.1.7/24'], pod.path)
    await network.add('b', ['10.244.1.8/24'], node.path)
    await network.uncache('a')
    const hide = `mount -t tmpfs none /run/netns; touch ${pod.path}; touch ${node.path}`
    const because = `a plain file is at the path of its network namespace ${pod.path}, perhaps because this process does not see the mount`
    expect(await network.command('gc --grace 0', { before: hide })).toMatchObject({
      status: 1,
      lines: expect.arrayContaining([`kept shop/a (a eth0, network cbr0): ${because}`]),
    })
    const told = await network.command('gc --grace 0 --address 10.244.1.7', { before: hide })
    expect(told.status).toBe(0)
    expect(await podAddresses(node)).toEqual(['10.244.1.8'])
  })
})

describe('a cache entry of a libcni before 1.2, which names the namespace only in its result', () => {
  const cacheOld = (sandbox: string) => {
    const result = resultWith(['10.244.1.7/24'])
    const interfaces = [{ name: 'cni0' }, { name: 'eth0', sandbox }]
    return network.cache('a', [], { result: { ...result, interfaces } })
  }

  test('what sync restores from it goes when the namespace goes, whatever else cannot be looked into', async () => {
    const pid = await startPause()
    await cacheOld(`/proc/${pid}/ns/net`)
    await weakly('sync')
    await network.uncache('a')
    await network.command('gc --grace 0')
    expect(await podAddresses(node)).toEqual(['10.244.1.7'])
    // `pod` has a name and no process from here on: it may have any address.
    await node.sh(`kill -9 ${pid}; while [ -d /proc/${pid} ]; do sleep 0.05; done`)
    expect((await network.command('gc --grace 0')).status).toBe(0)
    expect(await podAddresses(node)).toEqual([])
  })

  test('a namespace that was not there when sync restored them proves nothing', async () => {
    await cacheOld('/run/netns/ip-masq-never')
    await network.command('sync')
    await network.uncache('a')
    await network.command('gc --grace 0')
    // `pod` may have the address.
    expect(await podAddresses(node)).toEqual(['10.244.1.7'])
  })
})

describe('a path that means something to the runtime only', () => {
  test.each(['/proc/self/fd/4294967', '/proc/1/fd/4294967', 'netns/pod'])(
    '%s is never gone',
    async (path) => {
      await network.add('a', ['10.244.1.7/24'], path)
      await network.command('gc --grace 0')
      expect(await podAddresses(node)).toEqual(['10.244.1.7'])
    },
  )
})

test('a directory that may not be searched does not make its namespaces gone', async () => {
  const directory = `${network.cacheDir}/../netns`
  await node.sh(`mkdir -m 700 ${directory}; chown 65535 ${directory}`)
  await network.add('a', ['10.244.1.7/24'], `${directory}/a`)
  await weakly('gc --grace 0')
  expect(await podAddresses(node)).toEqual(['10.244.1.7'])
})
