import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { referencePlugins } from '../../scripts/packaging/reference-plugins'
import type { Namespace } from '../lab/namespace'
import { createPrimaryNetwork, type PrimaryNetwork } from '../lab/primary-network'
import { PLUGIN_DIRECTORY } from '../lab/runtime'
import { createSite, DESTINATIONS, NODE, type Site, sourceSeen } from '../lab/site'

/**
 * Taking over from a primary plugin that masqueraded: bridge and ptp as Debian has them (1.1 and 1.9), real packets. A is
 * a pod from before ip-masq was installed, and B a pod that gets A's address later.
 */

const ADDRESS = '10.244.1.2'

let site: Site
let node: Namespace
let newer: string
beforeAll(async () => {
  newer = await referencePlugins()
})
beforeEach(async () => {
  site = await createSite()
  node = site.node
})
afterEach(() => site.delete())

/** The masquerade rules of reference plugins, and their chains, in all firewalls. */
async function primaryRules(): Promise<string[]> {
  const text = await node.sh(`
    for tool in iptables-nft ip6tables-nft; do $tool -t nat -S | grep CNI- || true; done
    for table in ip ip6; do
      ! grep -qs nat /proc/net/\${table}_tables_names || \${table}tables-legacy -t nat -S | grep CNI- || true
    done
    nft list chain inet cni_plugins_masquerade masq_checks 2>/dev/null | grep saddr || true`)
  return text.split('\n').filter((line) => line !== '')
}

/** Those that packets meet: a chain to which nothing jumps does nothing. */
const activeRules = async () =>
  (await primaryRules()).filter((line) => line.includes('POSTROUTING') || line.includes(' saddr '))

const seen = async (pod: Namespace) => ({
  internet: await sourceSeen(pod, DESTINATIONS.internet),
  internet6: await sourceSeen(pod, DESTINATIONS.internet6),
  onPrem: await sourceSeen(pod, DESTINATIONS.onPrem),
  onPrem6: await sourceSeen(pod, DESTINATIONS.onPrem6),
})
const BY_PRIMARY = { internet: NODE.ipv4, internet6: NODE.ipv6, onPrem: NODE.ipv4, onPrem6: NODE.ipv6 }
const BY_US = { internet: NODE.ipv4, internet6: NODE.ipv6, onPrem: ADDRESS, onPrem6: 'fd00:244:1::2' }

const BRIDGE = { type: 'bridge', bridge: 'cni0' }
const KINDS = [
  { label: 'bridge 1.1, iptables', plugin: BRIDGE, isNewer: false },
  { label: 'ptp 1.1, iptables', plugin: { type: 'ptp' }, isNewer: false },
  { label: 'bridge 1.9, iptables', plugin: BRIDGE, isNewer: true },
  { label: 'bridge 1.9, nftables', plugin: { ...BRIDGE, ipMasqBackend: 'nftables' }, isNewer: true },
  { label: 'ptp 1.9, nftables', plugin: { type: 'ptp', ipMasqBackend: 'nftables' }, isNewer: true },
]

describe.each(KINDS)('$label:', ({ plugin, isNewer }) => {
  let network: PrimaryNetwork
  beforeEach(async () => {
    network = await createPrimaryNetwork({
      node,
      plugin,
      directory: isNewer ? newer : PLUGIN_DIRECTORY,
    })
  })
  afterEach(() => network.delete())

  test('sync takes the rules of a running pod over', async () => {
    const a = await network.add('a')
    expect(await seen(a)).toEqual(BY_PRIMARY)
    await network.install()
    const { status, lines } = await network.command('sync')
    expect(status).toBe(0)
    expect(lines.filter((line) => line.startsWith(`removed ${ADDRESS}: masquerade rule`))).toHaveLength(1)
    expect(await activeRules()).toEqual([])
    expect(await seen(a)).toEqual(BY_US)
    expect((await network.command('sync')).lines).toEqual(['1 attachment, nothing to do'])
    await network.del('a')
    const b = await network.add('b')
    expect(await seen(b)).toEqual(BY_US)
    await network.command('sync')
    expect(await primaryRules()).toEqual([])
  })

  test('a pod whose DEL comes before the first sync leaves rules behind: the next pod with its address is freed of them', async () => {
    await network.add('a')
    await network.install()
    await network.del('a')
    expect((await activeRules()).length).toBe(2)
    const b = await network.add('b')
    // The fault.
    expect(await seen(b)).toEqual(BY_PRIMARY)
    expect((await network.command('sync')).status).toBe(0)
    expect(await primaryRules()).toEqual([])
    expect(await seen(b)).toEqual(BY_US)
  })

  test('and when nobody has the address yet', async () => {
    await network.add('a')
    await network.install()
    await network.del('a')
    expect((await network.command('sync')).status).toBe(0)
    expect(await primaryRules()).toEqual([])
    expect(await seen(await network.add('b'))).toEqual(BY_US)
  })

  test('a DEL with the config of the ADD succeeds after a sync', async () => {
    await network.add('a')
    await network.install()
    await network.command('sync')
    await delByCached(network)
    expect(await primaryRules()).toEqual([])
  })

  test('so does one before a sync, and sync has nothing to take over', async () => {
    await network.add('a')
    await network.install()
    await delByCached(network)
    expect(await primaryRules()).toEqual([])
    expect((await network.command('sync')).lines).toEqual(['0 attachments, nothing to do'])
  })

  /**
   * Version 1.9 always looks for rules of iptables too, and fails its first DEL where there is no chain: so it does without
   * ip-masq. The runtime repeats the DEL, which then finds the interface gone.
   */
  const delByCached = async (of: PrimaryNetwork) => {
    if (!('ipMasqBackend' in plugin)) return of.del('a', 'cached')
    await expect(of.del('a', 'cached')).rejects.toThrow(/CNI-[0-9a-f]{24}/)
    return of.del('a', 'cached')
  }
})
