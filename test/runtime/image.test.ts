import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { version } from '../../package.json'
import { type Containerd, REFERENCE_PLUGINS, startContainerd } from '../lab/containerd'
import { importImage, type Running, type RunOptions, runDaemonSet } from '../lab/daemon-set'
import { kustomizeWith } from '../lab/kubernetes'
import { pause } from '../lab/patience'
import { CONFLIST, talk } from '../lab/plain-bridge'
import { createSite, DESTINATIONS, NODE, type Site } from '../lab/site'
import { podAddresses } from '../lab/table'
import { until } from '../lab/watch'

/** The image, run by Debian's containerd as the DaemonSet of conf/kubernetes asks for it, on a node without ip-masq. */

let site: Site
let containerd: Containerd
let running: Running
const conflist = () => containerd.shell('cat /etc/cni/net.d/10-pods.conflist')
interface Start extends RunOptions {
  readonly components?: readonly string[]
}
const start = async (overlay: string, { components = [], ...options }: Start = {}) => {
  // One that a failed test left has the port.
  await running?.terminate().catch(() => {})
  running = await runDaemonSet(containerd, await kustomizeWith(overlay, components), options)
}
const becomesReady = () =>
  until(async () => (await running.ready()) === 200).catch(async () => {
    throw new Error(`not ready: ${await running.reasons()}\n${await running.log()}`)
  })
beforeAll(async () => {
  site = await createSite()
  containerd = await startContainerd(site.node, REFERENCE_PLUGINS)
  await importImage(containerd)
})
afterAll(async () => {
  await containerd?.stop()
  await site?.delete()
})

describe('the DaemonSet of conf/kubernetes/base', () => {
  test('is alive before there is a network, and not ready', async () => {
    await start('base')
    await until(async () => (await running.alive()) === 200)
    expect(await running.ready()).toBe(503)
    await until(async () =>
      (await running.log()).includes('Cannot install: there is no network in /etc/cni/net.d yet'),
    )
    expect((await running.log()).split('\n')).toContain(`ip-masq ${version}: watching /etc/cni/net.d`)
  })

  test('installs, and is ready; the next container is masqueraded, with exemptions', async () => {
    // Without one a node is ready only if it has no containers at all, and this machine has those of other tests.
    await mkdir(join(containerd.cacheDir, 'results'))
    await writeFile(join(containerd.confDir, '10-pods.conflist'), CONFLIST)
    await becomesReady()
    expect(JSON.parse(await conflist())).toMatchObject({
      plugins: [
        { type: 'bridge', ipMasq: false },
        {
          type: 'ip-masq',
          nonMasqueradeCIDRs: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
        },
      ],
    })
    const line = [DESTINATIONS.internet, DESTINATIONS.onPrem].map(talk).join('; ')
    const [internet, onPrem] = (await containerd.run('one', line)).split('\n')
    expect(internet).toBe(NODE.ipv4)
    expect(onPrem).toMatch(/^10\.244\.1\.\d+$/)
    expect(await podAddresses(site.node)).toEqual([])
  })

  test('restores lost rules with the tools of the host', async () => {
    await containerd.start('stays')
    expect(await podAddresses(site.node)).toHaveLength(1)
    // The watch looks every 1.5 s; only what it has seen can be lost.
    await pause(3_500)
    await site.node.sh('nft flush ruleset')
    await until(async () => (await podAddresses(site.node)).length === 1)
    expect(await containerd.exec('stays', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
  })

  test('a change of the ConfigMap reaches the conflist and the running pod', async () => {
    await running.publish({ nonMasqueradeCIDRs: [] })
    await until(async () => (await conflist()).includes('"nonMasqueradeCIDRs": []'))
    await until(async () => (await containerd.exec('stays', talk(DESTINATIONS.onPrem))) === NODE.ipv4)
  })

  test('cannot change the kernel of the host through its /proc, /sys and /dev', async () => {
    // The process has entered /host. Of several mounts in one place the last is what a process sees.
    const seen = new Map((await running.mounts()).map(({ place, options }) => [place, options]))
    for (const root of ['/proc', '/sys', '/dev']) {
      const below = [...seen].filter(([place]) => place === root || place.startsWith(`${root}/`))
      expect(below.length).toBeGreaterThan(0)
      for (const [place, options] of below)
        expect({ place, options }).toMatchObject({ options: expect.arrayContaining(['ro']) })
    }
  })

  test('kubectl exec: what an operator asks the node', async () => {
    expect(await running.exec('--version')).toBe(version)
    const found = /^1 attachment, nothing to do/m
    expect(await running.exec('sync --dry-run')).toMatch(found)
    expect(await running.exec('sync --root /host --dry-run')).toMatch(found)
  })

  test('SIGTERM, as in an upgrade, leaves everything in place', async () => {
    const before = await conflist()
    expect(await running.terminate()).toBe(0)
    expect(await conflist()).toBe(before)
    expect(await containerd.shell('/opt/cni/bin/ip-masq --version')).toBe(version)
    expect(await containerd.exec('stays', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
    expect(await containerd.run('after', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
  })

  test('the next one replaces an older executable, and puts its own config back', async () => {
    await containerd.shell('echo older >> /opt/cni/bin/ip-masq')
    await start('base')
    await becomesReady()
    expect(await running.log()).toContain('installed /opt/cni/bin/ip-masq')
    expect(await running.log()).toContain('changed /etc/cni/net.d/10-pods.conflist')
    expect(await containerd.shell('tail -c 6 /opt/cni/bin/ip-masq')).not.toContain('older')
    expect(await running.terminate()).toBe(0)
  })
})

test('with components/prometheus, the metrics are at the address of the node, and the probes where they were', async () => {
  await start('base', { components: ['prometheus'], moreArgs: ['--log-format=json'] })
  await becomesReady()
  const get = (host: string, path: string) =>
    containerd.shell(
      `{ exec 3<>/dev/tcp/${host}/10299; printf 'GET ${path} HTTP/1.1\\r\\n\\r\\n' >&3; cat <&3; } 2>/dev/null || true`,
    )
  const metrics = await get(NODE.ipv4, '/metrics')
  expect(metrics).toMatch(/^HTTP\/1\.1 200 OK/)
  for (const sample of ['ip_masq_ready{loop="install"} 1', 'ip_masq_ready{loop="sync"} 1'])
    expect(metrics.split('\n')).toContain(sample)
  expect(metrics).toMatch(/\nip_masq_attachments\{network="\w+",place="nftables"\} [1-9]/)
  expect(await get(NODE.ipv4, '/readyz')).toMatch(/^HTTP\/1\.1 404 /)
  expect(await get('127.0.0.1', '/metrics')).toBe('')
  const log = (await running.log()).trimEnd().split('\n')
  expect(log.map((line) => JSON.parse(line))).toContainEqual({
    ...{ time: expect.any(String), level: 'info' },
    msg: `ip-masq ${version}: watching /etc/cni/net.d`,
  })
  expect(await running.terminate()).toBe(0)
})

test('the DaemonSet of conf/kubernetes/uninstall: ready when the last pod is gone, and nothing is left', async () => {
  // The runtime's DEL calls us no more: what is left of a pod is known by its age.
  await start('uninstall', { moreArgs: ['--grace=1s'] })
  await until(async () => (await running.log()).includes('1 attachment still uses it'))
  expect(await running.ready()).toBe(503)
  expect(await running.alive()).toBe(200)
  // By bridge itself, whose masquerade is on again.
  expect(await containerd.run('without', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
  expect(await containerd.exec('stays', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
  // The container ends, and with it what libcni remembers of it; ctr sends no DEL.
  await containerd.ctr('task rm -f stays').catch(() => {})
  await containerd.shell('rm /var/lib/cni/results/*')
  await becomesReady()
  expect(JSON.parse(await conflist()).plugins).toEqual(JSON.parse(CONFLIST).plugins)
  expect(await containerd.shell('ls /opt/cni/bin')).not.toContain('ip-masq')
  expect(await site.node.sh('nft list tables')).not.toContain('ip-masq')
  expect(await running.terminate()).toBe(0)
})

describe('no capability of the DaemonSet is there for nothing:', () => {
  const startWithout = (capability: string, components: readonly string[] = []) =>
    start('base', { without: capability, components })
  const says = async (text: string) => {
    const isSaid = async () => (await running.log()).includes(text)
    await until(isSaid).catch(async () => expect(await running.log()).toContain(text))
  }

  test('SYS_CHROOT', async () => {
    await expect(start('base', { without: 'SYS_CHROOT', isForeground: true })).rejects.toThrow(
      'Cannot enter /host: chroot was refused; it needs CAP_SYS_CHROOT',
    )
  })

  test.each([
    ['DAC_OVERRIDE', 'even root has no permission; look for a missing capability'],
    ['CHOWN', 'even root has no permission; look for a missing capability'],
  ])('%s, where the directories belong to somebody else', async (capability, said) => {
    const owners = 'chown -R 1001:1001 /opt/cni/bin /etc/cni/net.d'
    await containerd.shell(`${owners}; rm -f /opt/cni/bin/ip-masq`)
    await writeFile(join(containerd.confDir, '10-pods.conflist'), CONFLIST)
    await startWithout(capability, ['other-owners'])
    await says(said)
    expect(await running.ready()).toBe(503)
    expect(await running.terminate()).toBe(0)
    await start('base', { components: ['other-owners'] })
    await becomesReady()
    expect(await containerd.shell('stat -c %u /etc/cni/net.d/10-pods.conflist')).toBe('1001')
    expect(await running.terminate()).toBe(0)
  })

  test('NET_ADMIN', async () => {
    await startWithout('NET_ADMIN')
    await says('Operation not permitted')
    expect(await running.ready()).toBe(503)
    expect(await running.terminate()).toBe(0)
  })

  test('NET_RAW, on a node that takes iptables-legacy', async () => {
    // The tests before leave directories and a conflist that belong to another user.
    await containerd.shell('chown -R 0:0 /etc/cni/net.d /opt/cni/bin; mkdir -p /var/lib/cni/results')
    await writeFile(join(containerd.confDir, '10-pods.conflist'), CONFLIST)
    await containerd.shell(
      `for t in iptables ip6tables; do for s in '' -save -restore; do
         ln -sf /usr/sbin/$t-legacy$s /etc/alternatives/$t$s
       done; done`,
    )
    await start('base', { components: ['iptables-legacy'] })
    await becomesReady()
    await running.publish({ backend: 'iptables' })
    await until(async () => (await conflist()).includes('"backend": "iptables"'))
    await containerd.start('legacy')
    expect(await containerd.exec('legacy', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
    expect(await running.terminate()).toBe(0)
    // As the base is: it writes a config without a backend, and its pods go to nftables. What it may not look at it says.
    await start('base')
    await says('iptables may also have rules of these attachments: ')
    await becomesReady()
    await running.publish({ backend: 'iptables' })
    await until(async () => (await running.ready()) === 503)
    expect(await running.reasons()).toContain('CAP_NET_RAW is missing')
    expect(await running.terminate()).toBe(0)
    expect(await containerd.exec('legacy', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
  })
})

describe('the first minute of a new node, whose primary plugin writes a list with ip-masq in it', () => {
  const { plugins, ...rest } = JSON.parse(CONFLIST)
  const primary = plugins.map((plugin: object) => ({ ...plugin, ipMasq: false }))
  const own = { type: 'ip-masq', nonMasqueradeCIDRs: ['10.0.0.0/8'] }
  const list = JSON.stringify({ ...rest, plugins: [...primary, own] })

  test('before our pod is there, an ADD fails and says why', async () => {
    await containerd.shell(
      'rm -f /opt/cni/bin/ip-masq /etc/cni/net.d/*; nft delete table inet ip-masq || true',
    )
    await writeFile(join(containerd.confDir, '10-pods.conflist'), list)
    await expect(containerd.run('early', 'true')).rejects.toThrow(
      'failed (add): failed to find plugin "ip-masq"',
    )
  })

  test('our pod needs no CNI plugin: it starts, and the same ADD works', async () => {
    await start('base')
    await until(async () => (await containerd.shell('ls /opt/cni/bin')).split('\n').includes('ip-masq'))
    expect(await containerd.run('later', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
    await becomesReady()
    // The list is its own from now on, with the config of its ConfigMap.
    expect(JSON.parse(await conflist()).plugins.at(-1)).toMatchObject({
      type: 'ip-masq',
      nonMasqueradeCIDRs: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
    })
    expect(await running.terminate()).toBe(0)
  })

  test('where the list does not name it, it adds itself within seconds of the list', async () => {
    await containerd.shell('rm -f /opt/cni/bin/ip-masq /etc/cni/net.d/*')
    await start('base')
    await until(async () => (await running.log()).includes('there is no network in /etc/cni/net.d yet'))
    await writeFile(join(containerd.confDir, '10-pods.conflist'), CONFLIST)
    // An ADD that comes in between is bridge's own.
    expect(await containerd.run('between', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
    await until(async () => (await conflist()).includes('"ip-masq"'))
    expect(await containerd.run('after', talk(DESTINATIONS.onPrem))).toMatch(/^10\.244\.1\.\d+$/)
    expect(await running.terminate()).toBe(0)
  })
})
