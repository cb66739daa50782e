import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readResultCache } from '../../src/cni/result-cache'

/** Entries as libcni writes them, and in another spelling, of pods that run and of pods that are gone. */

const CONFLIST = { name: 'cbr0', plugins: [{ type: 'ip-masq', args: { cni: { labels: ['a'] } } }] }

const entryOf = (containerId: string) => ({
  kind: 'cniCacheV1',
  containerId,
  config: Buffer.from(JSON.stringify(CONFLIST)).toString('base64'),
  ifName: 'eth0',
  networkName: 'cbr0',
  netns: `/run/netns/${containerId}`,
  result: {},
})

let cacheDir: string
beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'ip-masq-results-'))
  const results = join(cacheDir, 'results')
  await mkdir(results)
  for (const name of ['alive', 'gone']) {
    await writeFile(join(results, `cbr0-${name}-eth0`), JSON.stringify(entryOf(name)))
    const spaced = JSON.stringify(entryOf(`${name}-spaced`), undefined, 1)
    await writeFile(join(results, `cbr0-${name}-spaced-eth0`), spaced)
  }
})
afterAll(() => rm(cacheDir, { recursive: true }))

test('an entry is left out where its namespace is gone, in whatever spelling, and each namespace is judged once', () => {
  const judged: string[] = []
  const isGone = (netns: string) => {
    judged.push(netns)
    return netns.includes('gone')
  }
  const cache = readResultCache([cacheDir], { isGone })
  const namesOf = (list: readonly { attachment: { containerID: string } }[]) =>
    list.map(({ attachment }) => attachment.containerID)
  expect({ kept: namesOf(cache.attachments), gone: namesOf(cache.gone), judged }).toEqual({
    kept: ['alive', 'alive-spaced'],
    gone: ['gone', 'gone-spaced'],
    judged: ['/run/netns/alive', '/run/netns/alive-spaced', '/run/netns/gone', '/run/netns/gone-spaced'],
  })
})

test('pods with the same conflist have its args', () => {
  const { attachments } = readResultCache([cacheDir])
  expect(attachments.map((entry) => entry.config.readArgs())).toEqual(
    Array.from({ length: 4 }, () => ({ cni: { labels: ['a'] } })),
  )
})
