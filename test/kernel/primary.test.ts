import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { referencePlugins } from '../../scripts/packaging/reference-plugins'
import { hostOf } from '../../src/backend/host'
import type { PrimaryFirewall } from '../../src/primary/firewall'
import { iptablesFirewalls } from '../../src/primary/iptables'
import { nftablesFirewall } from '../../src/primary/nftables'
import type { Namespace } from '../lab/namespace'
import { patience } from '../lab/patience'
import { PREFIX } from '../lab/plugin'
import { createPrimaryNetwork, type PrimaryNetwork } from '../lab/primary-network'
import { PLUGIN_DIRECTORY } from '../lab/runtime'
import { createSite, DESTINATIONS, NODE, type Site, sourceSeen } from '../lab/site'

/**
 * Taking over from a primary plugin that masqueraded: bridge and ptp as Debian has them (1.1 and 1.9), real packets. A is
 * a pod from before ip-masq was installed, and B a pod that gets A's address later.
 */

const ADDRESS = '10.244.1.2'

let outside: Namespace | undefined
let site: Site
let node: Namespace
let newer: string
beforeAll(async () => {
  newer = await referencePlugins()
})
beforeEach(async () => {
  site = await createSite(outside)
  ;({ node, outside } = site)
})
afterEach(() => site.deleteNode())
afterAll(() => outside?.delete())

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

const seen = async (pod: Namespace) => {
  const destinations = ['internet', 'internet6', 'onPrem', 'onPrem6'] as const
  const sources = destinations.map(async (name) => [name, await sourceSeen(pod, DESTINATIONS[name])] as const)
  return Object.fromEntries(await Promise.all(sources))
}
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

  test('CHECK succeeds, and names the rule on stderr', async () => {
    await network.add('a')
    await network.install()
    await network.command('sync --keep-primary-rules')
    const { status, stderr } = await network.check('a')
    expect(status).toBe(0)
    expect(stderr).toMatch(
      new RegExp(
        `^${PREFIX}${ADDRESS}: the primary plugin has a masquerade rule for it too \\((iptables-nft CNI-[0-9a-f]{24}|nftables [0-9a-f-]{33}), container a\\)`,
      ),
    )
    await network.command('sync')
    expect(await network.check('a')).toMatchObject({ status: 0, stderr: '' })
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

  test.each(['sync install DEL', 'sync DEL install', 'DEL install sync', 'DEL sync install'])(
    'nothing is left in the order ADD %s',
    async (order) => {
      await network.add('a')
      const steps: Record<string, () => Promise<unknown>> = {
        sync: () => network.command('sync'),
        install: network.install,
        DEL: delBoth,
      }
      for (const step of order.split(' ')) await steps[step]?.()
      const b = await network.add('b')
      await network.command('sync')
      expect(await seen(b)).toEqual(BY_US)
      expect(await primaryRules()).toEqual([])
    },
  )

  /**
   * Version 1.9 always looks for rules of iptables too, and fails its first DEL where there is no chain: so it does without
   * ip-masq. The runtime repeats the DEL, which then finds the interface gone.
   */
  const delByCached = async (of: PrimaryNetwork) => {
    if (!('ipMasqBackend' in plugin)) return of.del('a', 'cached')
    await expect(of.del('a', 'cached')).rejects.toThrow(/CNI-[0-9a-f]{24}/)
    return of.del('a', 'cached')
  }
  const delBoth = () => network.del('a').catch(() => network.del('a'))
})

describe('bridge 1.1:', () => {
  let network: PrimaryNetwork
  const start = async (options: { path?: string; addresses?: readonly string[]; name?: string } = {}) => {
    network = await createPrimaryNetwork({ node, plugin: BRIDGE, directory: PLUGIN_DIRECTORY, ...options })
  }
  afterEach(() => network.delete())

  test('the rules of iptables-legacy too', async () => {
    const tools = await mkdtemp(join(tmpdir(), 'ip-masq-legacy-'))
    for (const tool of ['iptables', 'ip6tables'])
      await symlink('/usr/sbin/xtables-legacy-multi', join(tools, tool))
    await start({ path: tools })
    await network.add('a')
    expect(await node.sh('iptables-legacy -t nat -S POSTROUTING')).toContain('CNI-')
    await network.install()
    expect((await network.command('sync')).status).toBe(0)
    expect(await activeRules()).toEqual([])
    await network.del('a', 'cached')
    expect(await primaryRules()).toEqual([])
    await rm(tools, { recursive: true })
  })

  test('nothing of other networks, of networks that masquerade still, and of other plugins', async () => {
    await start({ addresses: [ADDRESS] })
    const beside = { node, plugin: { type: 'ptp' }, directory: PLUGIN_DIRECTORY, beside: network }
    const others = [
      // A network that ip-masq is no part of, and one whose primary plugin masquerades still.
      await createPrimaryNetwork({ ...beside, name: 'other', ifname: 'net1', addresses: ['10.244.1.9'] }),
      await createPrimaryNetwork({
        ...beside,
        name: 'on',
        ifname: 'net2',
        addresses: ['10.244.1.10'],
        isJoined: true,
      }),
    ]
    for (const other of others) await other.add('a')
    await node.sh(`
      iptables -t nat -N CNI-HOSTPORT-MASQ; iptables -t nat -A POSTROUTING -j CNI-HOSTPORT-MASQ
      iptables -t nat -N CNI-DN-0123456789abcdef01234; iptables -t nat -A OUTPUT -s ${ADDRESS} -j CNI-DN-0123456789abcdef01234
      iptables -t nat -N CNI-0123456789abcdef01234567
      iptables -t nat -A POSTROUTING -s ${ADDRESS} -m comment --comment 'name: "pods" id: "a"' -j CNI-0123456789abcdef01234567
      iptables -t nat -A POSTROUTING -s ${ADDRESS} -j MASQUERADE
      nft add table inet cni_plugins_masquerade; nft add chain inet cni_plugins_masquerade masq_checks
      nft add rule inet cni_plugins_masquerade masq_checks ip saddr ${ADDRESS} ip daddr != 10.244.1.0/24 masquerade comment mine`)
    const before = await primaryRules()
    // Four for each network, two for each of the chains, and the one of nftables.
    expect(before).toHaveLength(2 * 4 + 3 * 2 + 1)
    await network.add('a')
    await network.install()
    await network.command('sync')
    const after = (await primaryRules()).filter((line) => !/^-[NA] CNI-/.test(line) || before.includes(line))
    expect(after.sort()).toEqual(before.sort())
    expect(await node.sh('iptables -t nat -S POSTROUTING')).toContain(`-s ${ADDRESS}/32 -j MASQUERADE`)
    for (const other of others) await other.delete()
  })

  test('--keep-primary-rules leaves them, and says so with exit status 1; --dry-run changes nothing', async () => {
    await start({ addresses: [ADDRESS] })
    await network.add('a')
    await network.install()
    const rules = await primaryRules()
    const kept = await network.command('sync --keep-primary-rules')
    expect(kept.status).toBe(1)
    expect(kept.stdout).toMatch(
      new RegExp(
        `^error: ${ADDRESS}: masquerade rule of the primary plugin \\(iptables-nft CNI-[0-9a-f]{24}, container a\\): kept by --keep-primary-rules$`,
        'm',
      ),
    )
    const dry = await network.command('sync --dry-run --json')
    expect(JSON.parse(dry.stdout).primaryRules).toEqual({
      kept: [],
      removed: [
        {
          address: ADDRESS,
          firewall: 'iptables-nft',
          key: expect.stringMatching(/^CNI-[0-9a-f]{24}$/),
          containerID: 'a',
        },
      ],
    })
    expect(await primaryRules()).toEqual(rules)
  })

  test('a rule stays while nothing shows that its container is gone', async () => {
    await start({ addresses: [ADDRESS] })
    await network.add('a')
    await network.install()
    await network.forget('a')
    const kept = await network.command('sync')
    expect(kept.status).toBe(0)
    expect(kept.stdout).toMatch(/^warning: kept 10\.244\.1\.2: .*: its address is reserved for container a$/m)
    expect(await activeRules()).toHaveLength(1)
    // Another container has the address by now; whose, is no concern of ours.
    await writeFile(join(network.dataDir, 'pods', ADDRESS), 'b\r\neth0')
    expect((await network.command('sync')).stdout).toMatch(/^removed 10\.244\.1\.2: /m)
    expect(await primaryRules()).toEqual([])
  })

  test('a directory that is not there shows nothing', async () => {
    await start({ addresses: [ADDRESS] })
    await network.add('a')
    await network.install()
    await network.forget('a')
    await rm(network.dataDir, { recursive: true })
    expect((await network.command('sync')).stdout).toMatch(/: nothing shows that container a is gone$/m)
    expect(await activeRules()).toHaveLength(1)
    await mkdir(network.dataDir)
  })

  test('install --watch --sync does it too', async () => {
    await start({ addresses: [ADDRESS] })
    const a = await network.add('a')
    const watch = network.watch()
    await expect.poll(activeRules, { timeout: patience(20_000) }).toEqual([])
    expect(await sourceSeen(a, DESTINATIONS.onPrem)).toBe(ADDRESS)
    watch.kill('SIGTERM')
  })
})

/** The tools that change rules run one by one; before each of them, somebody else may do something. */
describe('while others change the rules:', () => {
  let network: PrimaryNetwork
  afterEach(() => network.delete())

  /** All firewalls, over the real tools of the node; `before` is called with the number of the run. */
  const firewalls = async (before: (run: number) => void): Promise<readonly PrimaryFirewall[]> => {
    let runs = 0
    const run = (tool: string, args: readonly string[], input: string) => {
      before(++runs)
      const line = ['netns', 'exec', node.name, tool, ...args]
      const { status, stdout, stderr } = spawnSync('ip', line, { input, encoding: 'utf8' })
      return { outcome: 'exited' as const, status: status ?? 1, stdout, stderr }
    }
    // Whatever tables this process's own network namespace has.
    const host = { ...hostOf(process.env.PATH), mayHaveTable: () => true }
    return [
      ...iptablesFirewalls(run, host, { ip: [], ip6: [] }),
      ...nftablesFirewall((args, input) => run('nft', args, input), host),
    ]
  }
  const inNode = (script: string) => {
    const { status, stderr } = spawnSync('ip', ['netns', 'exec', node.name, 'bash', '-euc', script], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(stderr)
  }

  const FLUSH: Record<string, string> = {
    iptables: 'iptables -t nat -F; iptables -t nat -X',
    nftables: 'nft flush chain inet cni_plugins_masquerade masq_checks',
  }
  /** The table is gone and comes back, with a rule of somebody else's where ours had been. */
  const REPLACE: Record<string, string> = {
    iptables: `iptables -t nat -F; iptables -t nat -X; iptables -t nat -N CNI-0123456789abcdef01234567
      iptables -t nat -A POSTROUTING -s 10.244.1.77 -j CNI-0123456789abcdef01234567`,
    nftables: `nft -f - <<< 'delete table inet cni_plugins_masquerade
      add table inet cni_plugins_masquerade
      add chain inet cni_plugins_masquerade masq_checks
      add chain inet cni_plugins_masquerade postrouting
      add rule inet cni_plugins_masquerade masq_checks accept
      add rule inet cni_plugins_masquerade masq_checks accept
      add rule inet cni_plugins_masquerade masq_checks accept
      add rule inet cni_plugins_masquerade masq_checks ip saddr 10.244.1.77 ip daddr != 10.244.1.0/24 masquerade'`,
  }

  const POINTS = [1, 2, 3, 4]
  describe.each(['iptables', 'nftables'])('%s', (backend) => {
    const place = backend === 'iptables' ? 'iptables-nft' : 'nftables'
    const removeWith = async (event: () => void, point: number) => {
      let isOn = false
      let runs = 0
      const all = await firewalls(() => {
        if (isOn && ++runs === point) event()
      })
      const firewall = all.find(({ name }) => name === place)
      const rules = firewall?.list({ isThorough: false }).rules ?? []
      expect(rules).toHaveLength(1)
      isOn = true
      const done = await firewall?.remove(rules, () => true)
      return { ...done, runs }
    }
    beforeEach(async () => {
      const plugin = { ...BRIDGE, ipMasqBackend: backend }
      network = await createPrimaryNetwork({ node, plugin, directory: newer, addresses: [ADDRESS] })
      await network.add('a')
    })

    test.each(POINTS)('bridge removes the rule itself before run %i', async (point) => {
      const { failures, runs } = await removeWith(() => inNode(FLUSH[backend] ?? ''), point)
      expect(failures).toEqual([])
      expect(runs).toBeGreaterThan(1)
      expect(await primaryRules()).toEqual([])
      expect(await node.sh('nft list ruleset')).not.toContain('ip-masq')
    })

    test.each(POINTS)('the rules are made anew by others before run %i', async (point) => {
      const { failures, runs } = await removeWith(() => inNode(REPLACE[backend] ?? ''), point)
      expect(failures).toEqual([])
      // Whatever was done, the other's rule is there if it was made at all.
      if (runs >= point) expect(await node.sh('nft list ruleset')).toContain('10.244.1.77')
      expect(await node.sh('nft list ruleset')).not.toContain('ip-masq')
    })
  })
})
