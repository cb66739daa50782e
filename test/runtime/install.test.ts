import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Containerd, REFERENCE_PLUGINS, startContainerd } from '../lab/containerd'
import { CONFLIST, talk } from '../lab/plain-bridge'
import { EXECUTABLES } from '../lab/plugin'
import { createPodman, type Podman } from '../lab/podman'
import { createSite, DESTINATIONS, NODE, type Site } from '../lab/site'
import { podAddresses } from '../lab/table'

/** Real runtimes, on a node where `ip-masq install` put the executable, and itself into the conflist. */

describe('containerd', () => {
  let site: Site
  let containerd: Containerd
  beforeAll(async () => {
    site = await createSite()
    containerd = await startContainerd(site.node, REFERENCE_PLUGINS)
    await writeFile(join(containerd.confDir, '10-pods.conflist'), CONFLIST)
  })
  afterAll(async () => {
    await containerd?.stop()
    await site?.delete()
  })

  test('before: everything is masqueraded', async () => {
    expect(await containerd.run('before', talk(DESTINATIONS.onPrem))).toBe(NODE.ipv4)
  })

  test('install, in the directories that containerd has; this one knows no drop-ins', async () => {
    expect(
      await containerd.shell(
        `${EXECUTABLES.native} install --disable-primary-masq; sha256sum < /opt/cni/bin/ip-masq`,
      ),
    ).toMatch(
      /^installed \/opt\/cni\/bin\/ip-masq\nadded ip-masq to \/etc\/cni\/net.d\/10-pods.conflist\nleft to do: run ip-masq sync: .*\n[0-9a-f]{64} {2}-$/,
    )
    expect(JSON.parse(await readFile(join(containerd.confDir, '10-pods.conflist'), 'utf8'))).toMatchObject({
      plugins: [{ type: 'bridge', ipMasq: false }, { type: 'ip-masq' }],
    })
  })

  test('a container is masqueraded, with exemptions, and nothing of it is left', async () => {
    const line = [DESTINATIONS.internet, DESTINATIONS.onPrem].map(talk).join('; ')
    const [internet, onPrem] = (await containerd.run('one', line)).split('\n')
    expect(internet).toBe(NODE.ipv4)
    expect(onPrem).toMatch(/^10\.244\.1\.\d+$/)
    expect(await podAddresses(site.node)).toEqual([])
  })

  test('50 containers that start at once', async () => {
    const sources = await containerd.runMany(50, talk(DESTINATIONS.internet))
    expect(sources).toEqual(Array.from({ length: 50 }, () => NODE.ipv4))
    expect(await podAddresses(site.node)).toEqual([])
  })

  test('a restart of containerd with a container up', async () => {
    await containerd.start('stays')
    await containerd.restart()
    expect(await containerd.exec('stays', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
    expect(await containerd.run('after', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
    expect(await podAddresses(site.node)).toHaveLength(1)
  })

  test('a killed shim: the rule goes with gc, when the runtime knows no more of the container', async () => {
    await containerd.start('killed')
    expect(await podAddresses(site.node)).toHaveLength(2)
    await containerd.shell("pkill -9 -f '[c]ontainerd-shim.* -id killed ' || true; sleep 0.5")
    await containerd.ctr('task rm -f killed').catch(() => {})
    await containerd.ctr('container rm killed').catch(() => {})
    await containerd.shell(
      'rm -f /var/lib/cni/results/pods-default-killed-eth0; /opt/cni/bin/ip-masq gc --grace 0',
    )
    expect(await podAddresses(site.node)).toHaveLength(1)
    expect(await containerd.exec('stays', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
  })

  test('uninstall with a container running: new ones go without, the executable stays for its DEL', async () => {
    const said = await containerd.shell('/opt/cni/bin/ip-masq uninstall || true')
    expect(said).toContain('removed ip-masq from /etc/cni/net.d/10-pods.conflist')
    expect(said).toContain('left alone /opt/cni/bin/ip-masq: 1 attachment still uses it')
    expect(await containerd.run('without', talk(DESTINATIONS.internet))).toMatch(/^10\.244\.1\./)
    expect(await containerd.exec('stays', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
    expect(await containerd.shell('/opt/cni/bin/ip-masq uninstall --force')).toContain(
      'removed /opt/cni/bin/ip-masq',
    )
    expect(await site.node.sh('nft list tables')).not.toContain('ip-masq')
  })
})

describe('podman with CNI', () => {
  let site: Site
  let podman: Podman
  beforeAll(async () => {
    site = await createSite()
    podman = await createPodman(site.node, 'pods')
    await writeFile(join(podman.confDir, '10-pods.conflist'), CONFLIST)
  })
  afterAll(async () => {
    await podman?.delete()
    await site?.delete()
  })

  test('install, containers masqueraded with exemptions, DEL by its exit hook, uninstall', async () => {
    const directories = `--bin-dir ${podman.binDir} --conf-dir ${podman.confDir}`
    expect(await podman.command(`install ${directories} --disable-primary-masq`)).toMatchObject({ status: 0 })
    const line = [DESTINATIONS.internet, DESTINATIONS.onPrem].map(talk).join('; ')
    const [internet, onPrem] = (await podman.run(line)).split('\n')
    expect(internet).toBe(NODE.ipv4)
    expect(onPrem).toMatch(/^10\.244\.1\.\d+$/)
    await podman.start('stays')
    expect(await podAddresses(site.node)).toHaveLength(1)
    const uninstall = `uninstall ${directories}`
    const refused = await podman.command(uninstall)
    expect(refused.stdout).toContain(`left alone ${podman.binDir}/ip-masq: 1 attachment still uses it`)
    expect(refused.status).toBe(1)
    await podman.remove('stays')
    expect(await podAddresses(site.node)).toEqual([])
    expect(await podman.command(uninstall)).toMatchObject({ status: 0 })
    expect(await readFile(join(podman.confDir, '10-pods.conflist'), 'utf8')).toBe(
      CONFLIST.replace('"ipMasq": true', '"ipMasq": false'),
    )
  })
})
