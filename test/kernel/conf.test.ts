import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isForeignKey } from '../../src/config/foreign-keys'
import { KEYS } from '../../src/config/keys'
import { parseConfig } from '../../src/config/parse'
import { createNamespace } from '../lab/namespace'
import { EXECUTABLES } from '../lab/plugin'
import { addressesOf, createNetwork, readConflist } from '../lab/runtime'
import { createSite, DESTINATIONS, NODE, type Site, sourceSeen } from '../lab/site'
import { podAddresses } from '../lab/table'

/** The examples in conf/ work as they are. */

const files = (await readdir(new URL('../../conf', import.meta.url))).filter((file) =>
  /\.conflist$|^cni-conf\.json$/.test(file),
)

test('the examples are the ones that docs/install.md names', () => {
  expect(files.sort()).toEqual([
    'bridge-dual-stack.conflist',
    'bridge-every-option.conflist',
    'bridge.conflist',
    'cni-conf.json',
  ])
})

describe.each(files)('%s', (file) => {
  test('lists ip-masq after a plugin that gives addresses and masquerades nothing itself', async () => {
    const { plugins } = await readConflist(file)
    const [primary] = plugins
    const own = plugins.filter(({ type }) => type === 'ip-masq')
    expect(own.length).toBe(1)
    expect(plugins.findIndex(({ type }) => type === 'ip-masq')).toBeGreaterThan(0)
    expect((primary?.delegate as { ipMasq?: boolean })?.ipMasq ?? primary?.ipMasq).toBe(false)
    expect(parseConfig(own[0] ?? {})).toBeTruthy()
  })
})

test('the one with every option has every key', async () => {
  const { plugins } = await readConflist('bridge-every-option.conflist')
  const keys = Object.keys(plugins.at(-1) ?? {}).filter((key) => !isForeignKey(key))
  expect(keys.sort()).toEqual(Object.keys(KEYS).sort())
})

test('the systemd units are accepted by systemd', async () => {
  const units = new URL('../../conf/systemd', import.meta.url).pathname
  const directory = await mkdtemp(join(tmpdir(), 'ip-masq-units-'))
  // systemd wants to see the executable, which is not installed here.
  const script = `sed -i 's#/opt/cni/bin/ip-masq#${EXECUTABLES.native}#' *.service; 
    printf '[Service]\\nExecStart=/bin/true\\n' > crio.service
    SYSTEMD_UNIT_PATH=$PWD: systemd-analyze verify ./*.service ./*.timer`
  const { exitCode, all } = await execa(
    'bash',
    ['-c', `cp -r ${units}/* ${directory}; cd ${directory}; ${script}`],
    { all: true, reject: false },
  )
  await rm(directory, { recursive: true })
  expect({ exitCode, said: all }).toEqual({ exitCode: 0, said: '' })
})

describe('for real:', () => {
  let site: Site
  beforeAll(async () => {
    site = await createSite()
  })
  afterAll(() => site.delete())

  const bridged = files.filter((file) => file.startsWith('bridge'))
  test.each(bridged)('%s', async (file) => {
    const network = await createNetwork(site.node, await readConflist(file))
    const pod = await createNamespace('pod')
    try {
      const [ipv4 = '', ipv6] = addressesOf(await network.add(pod, 'c1'))
      expect(await sourceSeen(pod, DESTINATIONS.internet)).toBe(NODE.ipv4)
      expect(await sourceSeen(pod, DESTINATIONS.onPrem)).toBe(ipv4)
      if (ipv6) expect(await sourceSeen(pod, DESTINATIONS.internet6)).toBe(NODE.ipv6)
      if (ipv6) expect(await sourceSeen(pod, DESTINATIONS.otherNodesPod6)).toBe(ipv6)
      await network.del(pod, 'c1')
      await network.del(pod, 'c1', 'lost')
      expect(await podAddresses(site.node)).toEqual([])
    } finally {
      await pod.delete()
      await network.delete()
      await site.node.sh('ip link delete cni0')
    }
  })
})
