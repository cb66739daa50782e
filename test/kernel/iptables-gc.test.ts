import { afterEach, beforeEach, expect, test } from 'vitest'
import { attachmentId } from '../../src/backend/identity'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, PREFIX, succeed } from '../lab/plugin'

/** GC over iptables, of rules that an earlier version wrote where there was no comment match. */

let node: Namespace
beforeEach(async () => {
  node = await createNamespace('old-rows')
})
afterEach(() => node.delete())

const config = (name: string, address: string) => configWith([address], { name, backend: 'iptables' })

/** Leaves of an owner's note what an earlier version wrote: no record, and no comment. */
async function makeOld(containerID: string): Promise<void> {
  const chain = `IPM-O-${attachmentId({ containerID, ifname: 'eth0' })}`
  const rows = (await node.sh(`iptables -t nat -S ${chain}`)).split('\n')
  const commands = rows.flatMap((row) => {
    if (/ -d 2(2[4-9]|[345]\d)\./.test(row)) return [`iptables -t nat ${row.replace('-A', '-D')}`]
    if (!row.includes('--comment')) return []
    const bare = row.replace(/ -m comment --comment "[^"]*"/, '')
    return [`iptables -t nat ${row.replace('-A', '-D')}`, `iptables -t nat ${bare}`]
  })
  expect(commands.length).toBeGreaterThan(2)
  await node.sh(commands.join('\n'))
}

test('keeps what may be of another network whose name has the same half of a digest, and says so', async () => {
  // The first halves of these names' digests are the same: 32 bits.
  await succeed(node, 'ADD', { containerID: 'a', config: config('net17957', '10.244.1.1/24') })
  await succeed(node, 'ADD', { containerID: 'b', config: config('net21265', '10.244.1.2/24') })
  await succeed(node, 'ADD', { containerID: 'c', config: config('net21265', '10.244.1.3/24') })
  await makeOld('a')
  await makeOld('b')
  const reply = await callPlugin(node, 'GC', {
    config: {
      ...{ cniVersion: '1.1.0', name: 'net21265', type: 'ip-masq' },
      'cni.dev/valid-attachments': [{ containerID: 'b', ifname: 'eth0' }],
    },
  })
  expect(reply.status).toBe(0)
  // `a` of the other network is kept and named, `b` is valid, and `c`, whose whole digest is known, goes.
  expect(reply.stderr.split('\n')).toEqual([
    expect.stringMatching(
      /kept .*half of its network's digest, so it may belong to a network other than net21265; /,
    ),
  ])
  expect(reply.stderr.startsWith(PREFIX)).toBe(true)
  expect(await node.sh('iptables -t nat -S IPM-PODS | grep -o "10.244[0-9.]*/"')).toBe(
    '10.244.1.1/\n10.244.1.2/',
  )
})
