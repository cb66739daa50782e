import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Containerd, startContainerd } from '../lab/containerd'
import { talk } from '../lab/plain-bridge'
import { runCommand } from '../lab/plugin'
import { createSite, DESTINATIONS, NODE, type Site } from '../lab/site'
import { podAddresses, readTable } from '../lab/table'

/** Real containers, real libcni (Debian's containerd, `ctr run --cni`), real cache files. */

let site: Site
let containerd: Containerd
beforeAll(async () => {
  site = await createSite()
  containerd = await startContainerd(site.node)
  const conflist = new URL('../../conf/bridge-dual-stack.conflist', import.meta.url).pathname
  await copyFile(conflist, join(containerd.confDir, '10-pods.conflist'))
})
afterAll(async () => {
  await containerd?.stop()
  await site?.delete()
})

const command = (line: string) =>
  runCommand(site.node, `${line} --conf-dir ${containerd.confDir} --cache-dir ${containerd.cacheDir}`)
const cacheFiles = () => readdir(join(containerd.cacheDir, 'results'))

test('a container is masqueraded, and when it ends nothing of it is left', async () => {
  const line = [DESTINATIONS.internet, DESTINATIONS.internet6, DESTINATIONS.onPrem].map(talk).join('; ')
  const [internet, internet6, onPrem] = (await containerd.run('short', line)).split('\n')
  expect([internet, internet6]).toEqual([NODE.ipv4, NODE.ipv6])
  expect(onPrem).toMatch(/^10\.244\.1\.\d+$/)
  // ctr sends one DEL, and that without netns and prevResult.
  expect(await podAddresses(site.node)).toEqual([])
  expect((await readTable(site.node))?.owners).toEqual({})
  expect(await cacheFiles()).toEqual([])
  const reserved = await readdir(join(containerd.cacheDir, 'networks', 'pods'))
  expect(reserved.filter((file) => /^[0-9a-f]+[.:]/.test(file))).toEqual([])
})

describe('a container that stays', () => {
  beforeAll(() => containerd.start('long'))

  test('is masqueraded', async () => {
    expect(await containerd.exec('long', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
  })

  test('has a cache file that sync understands', async () => {
    expect(await command('sync')).toMatchObject({
      status: 0,
      stdout: '1 attachment, nothing to do',
      stderr: '',
    })
  })

  test('is masqueraded again after a flush and a sync', async () => {
    await site.node.sh('nft flush ruleset')
    expect(await containerd.exec('long', talk(DESTINATIONS.internet))).toMatch(/^10\.244\.1\./)
    const { status, lines } = await command('sync')
    expect(status).toBe(0)
    expect(lines).toContain('1 attachment, 1 changed')
    expect(await containerd.exec('long', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
    expect(await containerd.exec('long', talk(DESTINATIONS.internet6))).toBe(NODE.ipv6)
  })

  // An ADD gives 200 ms to the rules of others, which a busy machine may need for something else.
  test('is masqueraded again after a flush and the ADD of its neighbour', { retry: 5 }, async () => {
    await site.node.sh('nft flush ruleset')
    expect(await containerd.run('neighbour', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
    expect(await containerd.exec('long', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
  })

  test('follows its conflist with new flows after a sync', async () => {
    const file = join(containerd.confDir, '10-pods.conflist')
    const before = await readFile(file, 'utf8')
    await writeFile(file, before.replace('"192.168.0.0/16"', '"203.0.113.0/24"'))
    expect((await command('sync')).status).toBe(0)
    expect(await containerd.exec('long', talk(DESTINATIONS.internet))).toMatch(/^10\.244\.1\./)
    expect(await containerd.exec('long', talk(DESTINATIONS.onPrem))).toBe(NODE.ipv4)
    await writeFile(file, before)
    expect((await command('sync')).status).toBe(0)
    expect(await containerd.exec('long', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
  })

  test('is kept by gc while the cache has it, and while it runs; when it has ended it is gone', async () => {
    expect(await command('gc --grace 0')).toMatchObject({ status: 0 })
    expect(await podAddresses(site.node)).toHaveLength(2)
    for (const file of await cacheFiles()) await writeFile(join(containerd.cacheDir, 'results', file), '')
    await command('gc --grace 0')
    expect(await podAddresses(site.node)).toHaveLength(2)
    await site.node.sh(`rm ${containerd.cacheDir}/results/*`)
    await command('gc --grace 0')
    expect(await containerd.exec('long', talk(DESTINATIONS.internet))).toBe(NODE.ipv4)
    // ctr sends no DEL for it.
    await containerd.ctr('task rm -f long').catch(() => {})
    const { status, stdout } = await command('gc --grace 0')
    expect(stdout).toMatch(
      /^removed \(default-long eth0, network pods\): 10\.244\.1\.\d+, fd00:244:1::[0-9a-f]+$/m,
    )
    expect(status).toBe(0)
    expect(await podAddresses(site.node)).toEqual([])
  })
})
