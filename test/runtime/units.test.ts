import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ROOT } from '../../scripts/packaging/root'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace } from '../lab/namespace'
import { EXECUTABLES } from '../lab/plugin'
import { podAddresses } from '../lab/table'
import { parseUnit, runInUnit } from '../lab/unit-sandbox'

/** `ip-masq sync` in the sandbox of each unit of conf/systemd. */

const UNITS = join(ROOT, 'conf/systemd')
const services = (await readdir(UNITS)).filter((file) => file.endsWith('.service'))

let node: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('unit')
  network = await createCachedNetwork(node)
})
afterEach(async () => {
  await network.delete()
  await node.delete()
})

type Unit = ReadonlyMap<string, string>

/** Runs a command in the sandbox of a unit, which may be changed. */
const runIn =
  (file: string) =>
  async (command: readonly string[], change = (unit: Unit) => unit) =>
    runInUnit(node, change(parseUnit(await readFile(join(UNITS, file), 'utf8'))), { command })

const without = (directive: string, word: string) => (unit: ReadonlyMap<string, string>) =>
  new Map([
    ...unit,
    [
      directive,
      (unit.get(directive) ?? '')
        .split(' ')
        .filter((one) => one !== word)
        .join(' '),
    ],
  ])

describe.each(services)('%s', (file) => {
  const run = runIn(file)
  const sync = () => [
    EXECUTABLES.native,
    ...['sync', '--conf-dir', network.confDir, '--cache-dir', network.cacheDir],
  ]
  test('restores the rules of pods', async () => {
    await network.cache('a', ['10.244.1.7/24'])
    const { status, output } = await run(sync())
    expect({ status, output }).toMatchObject({ status: 0 })
    expect(await podAddresses(node)).toEqual(['10.244.1.7'])
  })

  test('speaks netlink itself', async () => {
    await network.writeConflist({ backend: 'nftables', carrier: 'netlink' })
    await network.cache('a', ['10.244.1.7/24'])
    expect(await run(sync())).toMatchObject({ status: 0 })
    expect(await podAddresses(node)).toEqual(['10.244.1.7'])
  })

  test('restores them by iptables-legacy, which needs CAP_NET_RAW', async () => {
    await network.writeConflist({ backend: 'iptables' })
    await network.cache('a', ['10.244.1.7/24'])
    const legacy = `mkdir -p ${network.cacheDir}/bin; for t in iptables ip6tables; do for s in '' -save -restore; do
      ln -sf /usr/sbin/$t-legacy$s ${network.cacheDir}/bin/$t$s; done; done`
    await node.sh(legacy)
    const command = ['/usr/bin/env', `PATH=${network.cacheDir}/bin:${process.env.PATH}`, ...sync()]
    const denied = await run(command, without('CapabilityBoundingSet', 'CAP_NET_RAW'))
    expect(denied.status).toBe(1)
    expect(denied.output).toContain('CAP_NET_RAW is missing')
    expect(await run(command)).toMatchObject({ status: 0 })
    expect(await node.sh('iptables-legacy-save -t nat')).toContain('10.244.1.7')
  })

  test('lets no process do what the service never does', async () => {
    const cases: readonly (readonly [string, string])[] = [
      ['mount -t tmpfs none /mnt', 'permission denied'],
      [
        'perl -MSocket -e \'socket(my $s, 17, SOCK_RAW, 0) or die "packet: $!"\'',
        'packet: Operation not permitted',
      ],
    ]
    for (const [script, said] of cases) {
      const { status, output } = await run(['/bin/bash', '-c', script])
      expect({ script, status }).not.toEqual({ script, status: 0 })
      expect(output).toContain(said)
    }
  })
})

test('ip-masq-metrics.service writes metrics into the directory of another user', async () => {
  await network.add('a', ['10.244.1.7/24'])
  const out = join(network.cacheDir, 'node-exporter', 'ip-masq.prom')
  await node.sh(
    `mkdir -m 755 ${network.cacheDir}/node-exporter; chown 65534:65534 ${network.cacheDir}/node-exporter`,
  )
  const run = runIn('ip-masq-metrics.service')
  const directories = ['--conf-dir', network.confDir, '--cache-dir', network.cacheDir]
  const metrics = [EXECUTABLES.native, 'metrics', ...directories, '--out', out]
  expect(await run(metrics)).toMatchObject({ status: 0, output: '' })
  expect(await readFile(out, 'utf8')).toContain('ip_masq_attachments{network="cbr0",place="nftables"} 1\n')
  const denied = await run(metrics, without('CapabilityBoundingSet', 'CAP_DAC_OVERRIDE'))
  expect(denied).toMatchObject({ status: 1, output: expect.stringContaining('even root has no permission') })
})
