import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { overNft } from '../lab/carrier'
import { createNamespace, type Namespace } from '../lab/namespace'
import { configWith, runCommand, succeed } from '../lab/plugin'
import { readTable } from '../lab/table'

/** sync and gc, and what only nft's table has: its layout, its base chain, and a hook into what is sent. */

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

/** Of every owner that has its rule; of one alone, too. */
const holders = async () => {
  const table = await readTable(node)
  return Object.fromEntries(
    Object.entries(table?.comments ?? {}).map(([mapped, comment]) => [
      mapped.replace('::ffff:', ''),
      comment.split(' ')[3] ?? '',
    ]),
  )
}

const addTwo = async () => {
  await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
  await network.add('b', ['10.244.1.8/24'])
}
const TWO = { '10.244.1.7': 'a', 'fd00::7': 'a', '10.244.1.8': 'b' }

describe('sync', () => {
  test('a base chain with another policy is repaired, one that is not ours is an error', async () => {
    await addTwo()
    await node.sh("nft add chain inet ip-masq nat-postrouting '{ policy drop; }'")
    expect((await network.command('sync')).status).toBe(0)
    expect(await network.command('sync')).toMatchObject({ status: 0, stdout: '2 attachments, nothing to do' })
    await node.sh("nft add chain inet ip-masq early '{ type nat hook postrouting priority 90; }'")
    const { status, lines } = await network.command('sync')
    expect({ status, lines }).toEqual({
      status: 1,
      lines: ['error: chain early: unexpected base chain', '2 attachments, nothing to do'],
    })
  })

  describe('when something changes between reading and writing', () => {
    overNft()

    /** An nft that runs a command once, just before the first script that matches is sent. */
    async function hook(pattern: string, action: string) {
      const directory = join(network.cacheDir, 'hook')
      await mkdir(directory)
      const script = `#!/bin/bash
        PATH=/usr/sbin:/usr/bin:/bin:/sbin; input=$(cat)
        if [[ $input == *"${pattern}"* ]] && mkdir ${directory}/done 2>/dev/null; then ${action}; fi
        exec nft "$@" <<< "$input"`
      await writeFile(join(directory, 'nft'), script, { mode: 0o755 })
      return (line: string) =>
        runCommand(node, `${line} --conf-dir ${network.confDir} --cache-dir ${network.cacheDir}`, {
          path: directory,
        })
    }

    test('an address that went to another pod stays its, and the rest is applied', async () => {
      await addTwo()
      const owner = 'comment \\"0123456789abcdef 1700000000 n other eth0 -\\" : ::1:2'
      await node.sh('nft delete element inet ip-masq pods-ip { 10.244.1.7, 10.244.1.8 }')
      const taken = `nft -f - <<< "delete element inet ip-masq owners { ::ffff:10.244.1.7 }
        add element inet ip-masq owners { ::ffff:10.244.1.7 ${owner} }
        add element inet ip-masq pods-ip { 10.244.1.7 : goto layout-3 }"`
      const command = await hook('add element', taken)
      const { status, lines } = await command('sync')
      expect(status).toBe(0)
      expect(lines).toContain('left alone 10.244.1.7 of shop/a (a eth0, network cbr0): other eth0 holds it')
      expect(lines).toContain('restored shop/b (b eth0, network cbr0): 10.244.1.8')
      expect((await readTable(node))?.owners['::ffff:10.244.1.7']).toBe('::0.1.0.2')
    })

    test('a DEL that sync overtook: its rule does not come back', async () => {
      await addTwo()
      await node.sh('nft delete element inet ip-masq pods-ip { 10.244.1.8 }')
      const command = await hook(
        'add element',
        `rm ${network.cacheDir}/results/cbr0-b-eth0; nft delete element inet ip-masq owners { ::ffff:10.244.1.8 }`,
      )
      expect((await command('sync')).status).toBe(0)
      expect(await holders()).toEqual({ '10.244.1.7': 'a', 'fd00::7': 'a' })
    })

    test('an ADD between the looks at kernel and cache is not pruned', async () => {
      await addTwo()
      const file = join(network.cacheDir, 'results', 'cbr0-b-eth0')
      await node.sh(`mv ${file} ${file}.away`)
      // Away while the kernel is read, back before the cache is.
      const command = await hook('list table', `(sleep 0; mv ${file}.away ${file})`)
      await command('gc --grace 0')
      expect(await holders()).toEqual(TWO)
    })

    test('stale attachments that cannot go together go one by one', async () => {
      await addTwo()
      for (const id of ['x', 'y']) {
        const address = id === 'x' ? '10.244.1.20/24' : '10.244.1.21/24'
        const environment = { CNI_NETNS: '/var/run/netns/ip-masq-gone' }
        await succeed(node, 'ADD', { containerID: id, environment, config: configWith([address]) })
      }
      const command = await hook('delete element', 'nft delete element inet ip-masq pods-ip { 10.244.1.20 }')
      expect((await command('gc --grace 0')).status).toBe(0)
      expect(await holders()).toEqual(TWO)
      expect(Object.keys((await readTable(node))?.owners ?? {})).toHaveLength(3)
    })
  })

  test('a table of the layout before there was a marker is moved over, and no pod loses its rule', async () => {
    const old = new URL('../golden/layout-1.nft', import.meta.url).pathname
    await node.sh(`nft -f ${old}`)
    const before = await readTable(node)
    await network.cache('4c1d', ['10.244.1.7/24', 'fd00:244:1::7/64'])
    const { status, lines } = await network.command('sync')
    expect({ status, lines }).toEqual({
      status: 0,
      lines: [
        'repaired table inet ip-masq: older layout',
        // The name of a policy is a hash of what it does, and was made in another way then.
        'changed shop/4c1d (4c1d eth0, network cbr0): 10.244.1.7, fd00:244:1::7',
        '1 attachment, 1 changed',
      ],
    })
    const after = await readTable(node)
    expect({ owners: after?.owners, comments: after?.comments }).toEqual({
      owners: before?.owners,
      comments: before?.comments,
    })
    expect(Object.keys(after?.pods ?? {})).toEqual(Object.keys(before?.pods ?? {}))
    const [policy = ''] = Object.values(after?.pods ?? {})
    expect(before?.rules[policy]).toBeUndefined()
    expect(after?.rules).toEqual({ ...before?.rules, 'layout-3': 0, [policy]: 3 })
  })

  test('a table of a newer layout is left alone', async () => {
    await addTwo()
    await node.sh('nft add chain inet ip-masq layout-99; nft flush chain inet ip-masq nat-postrouting')
    expect(await network.command('sync')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^Cannot change table inet ip-masq: a newer version of ip-masq made it \(layout 99, this version has 3\); use the newer version/,
      ),
    })
  })
  test('an element that somebody else wrote has no time, and stays', async () => {
    await addTwo()
    await node.sh('nft add element inet ip-masq owners { ::ffff:192.0.2.1 : ::1 }')
    await network.command('sync --prune --grace 0')
    expect((await readTable(node))?.owners['::ffff:192.0.2.1']).toBe('::1')
  })
  test('gc of a newer layout touches nothing', async () => {
    await addTwo()
    await node.sh(`nft add chain inet ip-masq layout-99; rm -r ${network.cacheDir}/results/*`)
    expect(await network.command('gc --grace 0')).toMatchObject({ status: 1 })
    expect(await holders()).toEqual(TWO)
  })
})
