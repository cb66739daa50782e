import { rm } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork, makeOld } from '../lab/cached-network'
import { firewall, masquerading } from '../lab/firewall'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, type PluginCall, PREFIX } from '../lab/plugin'

/** What an ADD after a flush does for other pods. libcni's cache directory is laid over the machine's. */

let node: Namespace
let network: CachedNetwork
let overlay: string
beforeEach(async () => {
  node = await createNamespace('restore')
  network = await createCachedNetwork(node)
  overlay = `mount -t tmpfs none /var/lib; mkdir -p /var/lib/cni; mount --bind ${network.cacheDir} /var/lib/cni`
})
afterEach(async () => {
  await network.delete()
  await node.delete()
})

const call = (command: string, options: PluginCall = {}) =>
  callPlugin(node, command, { before: overlay, ...options })

/** Where processes of a tool write the rules, they meet in nearly every round. */
const ROUNDS = firewall.name === 'nftables' && process.env.IP_MASQ_CARRIER !== 'nft' ? 20 : 5

/** How many fit into the time depends on the machine; none is lost in silence. */
function expectAllSaid(stderr: string, number: number) {
  const [, restored = '0', left = '0'] =
    /restored the rules of (\d+) .*?(?:; (\d+) are left|$)/.exec(stderr) ?? []
  const isNamed = Number(restored) + Number(left) === number
  const isSaid = isNamed || stderr.includes('run ip-masq sync to restore')
  expect({ stderr, isSaid }).toMatchObject({ isSaid: true })
}

describe('an ADD that finds the table gone', () => {
  test('restores the attachments of its own network, by the config that it was called with', async () => {
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await network.add('b', ['10.244.1.8/24'])
    await network.cache('gone', ['10.244.1.9/24'], { netns: '/var/run/netns/ip-masq-gone' })
    await network.cache('foreign', ['10.9.0.1/24'], { networkName: 'cbr0-other' })
    await node.sh(firewall.flush)
    const { status, stderr } = await call('ADD', { containerID: 'c', config: configWith(['10.244.1.10/24']) })
    expect(status).toBe(0)
    expect(stderr).toBe(
      `${PREFIX}the table was gone; ADD restored the rules of 2 other attachments of network cbr0`,
    )
    expect(await masquerading(node)).toEqual(['10.244.1.10', '10.244.1.7', '10.244.1.8', 'fd00::7'])
  })

  test('never fails for what it finds there', async () => {
    const file = await network.cache('torn', ['10.244.1.7/24'])
    await rm(file)
    await node.sh(`mkdir ${file}; echo '{' > ${network.cacheDir}/results/cbr0-broken-eth0`)
    await network.cache('bad', ['garbage'])
    await network.cache('good', ['10.244.1.8/24'])
    const { status, stderr } = await call('ADD', { containerID: 'c', config: configWith(['10.244.1.10/24']) })
    expect(status).toBe(0)
    expect(stderr).toBe(
      `${PREFIX}the table was gone; ADD restored the rules of 1 other attachment of network cbr0`,
    )
    expect(await masquerading(node)).toEqual(['10.244.1.10', '10.244.1.8'])
  })

  test('is not put off by two entries for one address, nor by what the cache still says of the pod itself', async () => {
    await makeOld(await network.cache('old', ['10.244.1.7/24']), 60)
    await network.cache('new', ['10.244.1.7/24'])
    await network.cache('other', ['10.244.1.8/24'])
    await network.cache('c', ['10.244.1.99/24'])
    await call('ADD', { containerID: 'c', config: configWith(['10.244.1.10/24']) })
    expect(await masquerading(node)).toEqual(['10.244.1.10', '10.244.1.7', '10.244.1.8'])
    expect((await firewall.holders(node))['10.244.1.7']).toBe('new')
  })

  test('is not held up by a long list and what is no file', async () => {
    // iptables reads and writes a long list rule by rule.
    const length = firewall.name === 'nftables' ? 1000 : 500
    const nonMasqueradeCIDRs = Array.from({ length }, (_, i) => `11.${i >> 8}.${i & 255}.0/25`)
    await Promise.all(Array.from({ length: 100 }, (_, i) => network.cache(`x${i}`, [`10.244.2.${i}/24`])))
    await node.sh(`mkfifo ${network.cacheDir}/results/cbr0-fifo-eth0`)
    const { status, stderr } = await call('ADD', {
      containerID: 'c',
      config: configWith(['10.244.2.251/24'], { nonMasqueradeCIDRs }),
    })
    expect(status).toBe(0)
    expectAllSaid(stderr, 100)
  })

  test('restores two hundred in one transaction', async () => {
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        network.cache(`x${i}`, [`10.244.2.${i}/24`, `fd00:2::${i + 1}/64`]),
      ),
    )
    const { status, stderr } = await call('ADD', { containerID: 'c', config: configWith(['10.244.3.1/24']) })
    expect(status).toBe(0)
    expectAllSaid(stderr, 200)
    await network.command('sync')
    expect(await masquerading(node)).toHaveLength(401)
  })

  test('does not take an address from the pod that is being added', async () => {
    await network.cache('old', ['10.244.1.10/24', '10.244.1.11/24'])
    await call('ADD', { containerID: 'c', config: configWith(['10.244.1.10/24']) })
    expect((await firewall.holders(node))['10.244.1.10']).toBe('c')
  })

  test('brings no rule back of a pod whose DEL runs at the same time, time after time', async () => {
    const dead = ['d1', 'd2', 'd3', 'd4', 'd5', 'd6']
    const addresses = (i: number) => [`10.244.3.${i + 1}/24`, `fd00:3::${i + 1}/64`]
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, id] of dead.entries()) await network.cache(`${id}-${round}`, addresses(i))
      await network.cache('stays', ['10.244.3.77/24'])
      await node.sh(firewall.flush)
      const config = configWith(['10.244.3.99/24'])
      await Promise.all([
        call('ADD', { containerID: `new-${round}`, config }),
        // The runtime removes the entry once the whole chain's DEL is done.
        ...dead.map((id) => network.del(`${id}-${round}`)),
      ])
      const holders = await firewall.holders(node)
      const others = Object.values(holders).filter((id) => id !== 'stays')
      expect({ round, others }).toEqual({ round, others: [`new-${round}`] })
      await network.command('sync')
    }
  })

  test('a sync beside DELs brings none of their rules back either, time after time', async () => {
    const dead = ['d1', 'd2', 'd3', 'd4', 'd5', 'd6']
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, id] of dead.entries()) await network.cache(`${id}-${round}`, [`10.244.3.${i + 1}/24`])
      await node.sh(firewall.flush)
      await Promise.all([network.command('sync'), ...dead.map((id) => network.del(`${id}-${round}`))])
      expect({ round, holders: await firewall.holders(node) }).toEqual({ round, holders: {} })
    }
  })
})
