import { copyFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace } from '../lab/namespace'
import { EXECUTABLES } from '../lab/plugin'
import { podAddresses } from '../lab/table'

/** A node that was restarted hard has the cache files of all pods that it ever had. bench/stale.ts measures what that costs. */

const STALE = 2_000

let node: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('stale')
  network = await createCachedNetwork(node)
  const netns = '/var/run/netns/ip-masq-gone'
  const file = await network.cache('dead', ['10.244.1.9/24'], { netns })
  for (let i = 1; i < STALE; i++) await copyFile(file, file.replace('-dead-', `-dead${i}-`))
  await network.cache('b', ['10.244.1.8/24'], { netns: node.path })
})
afterEach(async () => {
  await network.delete()
  await node.delete()
})

test(`sync restores the pods that run, and none of ${STALE} whose namespace is gone`, async () => {
  expect((await network.command('sync')).lines.at(-1)).toBe('1 attachment, 1 changed')
  expect(await podAddresses(node)).toEqual(['10.244.1.8'])
})

test('gc knows the dead by them, and removes their rules', async () => {
  await network.command('sync')
  // Its own note names no namespace: a path with a space cannot be recorded.
  await network.add('dead', ['10.244.1.9/24'], '/var/run/netns/ip masq')
  await network.cache('dead', ['10.244.1.9/24'], { netns: '/var/run/netns/ip-masq-gone' })
  expect(await podAddresses(node)).toEqual(['10.244.1.8', '10.244.1.9'])
  expect((await network.command('gc --grace 0')).lines).toContain(
    'removed shop/dead (dead eth0, network cbr0): 10.244.1.9',
  )
  expect(await podAddresses(node)).toEqual(['10.244.1.8'])
})

test('sync opens each file once, reads it once, and parses none', async () => {
  await network.command('sync')
  const log = `${network.cacheDir}/trace`
  const directories = `--conf-dir ${network.confDir} --cache-dir ${network.cacheDir}`
  await node.sh(
    `strace -f -qq -y -e trace=openat,read,pread64 -o ${log} ${EXECUTABLES.native} sync ${directories}`,
  )
  const count = async (call: string) => Number(await node.sh(`grep -cE '${call}.*-dead[0-9]*-eth0' ${log}`))
  expect(await count('openat\\(')).toBe(STALE)
  expect(await count('(read|pread64)\\(')).toBe(STALE)
})
