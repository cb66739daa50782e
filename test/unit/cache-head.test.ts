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
const head = {
  attachment: { containerID: 'c1', ifname: 'eth0', network: 'cbr0' },
  netns: '/var/run/netns/cni-1',
}
/** The head, and what its places in the file hold. */
const read = (text: string) => {
  const bytes = Buffer.from(text)
  const found = readHead(bytes, bytes.length)
  if (!found) return undefined
  const { config, end, ...rest } = found
  expect(bytes.subarray(...config).toString()).toBe(entry.config)
  expect(bytes.subarray(end).toString()).toMatch(/^,"cniArgs"/)
  return rest
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
        attachment: { ...head.attachment, network: networkName },
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
    ['torn before the end of the path', JSON.stringify(entry).split('cni-1')[0] ?? ''],
    ['empty', ''],
  ])('%s: that is for JSON.parse to judge', (_, text) => {
    expect(read(text)).toBeUndefined()
  })

  test('what an earlier file left in the buffer counts for nothing', () => {
    const text = JSON.stringify(entry)
    expect(readHead(Buffer.from(text), text.indexOf('cni-1'))).toBeUndefined()
  })
})
