import { describe, expect, test } from 'vitest'
import { readHead } from '../../src/cni/cache-head'

/** As libcni marshals it, field by field in this order. */
const entry = {
  kind: 'cniCacheV1',
  containerId: 'c1',
  config: Buffer.from('{"name":"cbr0","netns":"/other"}').toString('base64'),
  ifName: 'eth0',
  networkName: 'cbr0',
  netns: '/var/run/netns/cni-1',
  cniArgs: [['K8S_POD_NAME', 'web']],
  result: { netns: '/none' },
}
const head = { containerID: 'c1', ifname: 'eth0', network: 'cbr0', netns: '/var/run/netns/cni-1' }
/** The head, after a look at what its place in the file has. */
const read = (text: string) => {
  const found = readHead(text)
  if (!found) return undefined
  const { containerID, netns, common, end } = found
  const { config, ifname, network } = common
  expect(config).toBe(entry.config)
  expect(text.slice(end)).toMatch(/^,"cniArgs"/)
  return { containerID, ifname, network, netns }
}
const { netns, ...without } = entry

describe('the head of a cache file', () => {
  test('as libcni writes it', () => {
    expect(read(JSON.stringify(entry))).toEqual(head)
  })

  test('of the networks that come after each other', () => {
    for (const networkName of ['cbr0', 'other', 'größe', 'cbr0'])
      expect(read(JSON.stringify({ ...entry, networkName }))).toEqual({
        ...head,
        network: networkName,
      })
  })

  test.each([
    ['without a namespace', JSON.stringify(without)],
    ['without a namespace, but with the word further on', JSON.stringify({ ...without, x: { netns } })],
    ['in another order', JSON.stringify({ netns, ...without })],
    ['with spaces', JSON.stringify(entry, undefined, 1)],
    ['of another kind', JSON.stringify({ ...entry, kind: 'cniCacheV2' })],
    ['with a character that JSON escapes', JSON.stringify({ ...entry, containerId: 'a"b' })],
    ['with an escaped namespace', JSON.stringify(entry).replace('cni-1', 'cni\\u002d1')],
    ['with another field in between', JSON.stringify(entry).replace('"config":', '"x":"y","config":')],
    ['with an escaped config', JSON.stringify(entry).replace(entry.config, 'e30\\u003d')],
    ['torn before the end of the path', JSON.stringify(entry).split('cni-1')[0] ?? ''],
    ['empty', ''],
  ])('%s: that is for JSON.parse to judge', (_, text) => {
    expect(read(text)).toBeUndefined()
  })
})
