import { describe, expect, test } from 'vitest'
import { parseBehind, parseCacheFile } from '../../src/cni/cache-file'
import { readHead } from '../../src/cni/cache-head'

/** A cache file is read by its head and what follows it, or by all of it: both give the same. */

const conflist = { name: 'cbr0', plugins: [{ type: 'ip-masq', args: { cni: { x: 1 } } }] }
const entry = {
  kind: 'cniCacheV1',
  containerId: 'c1',
  config: Buffer.from(JSON.stringify(conflist)).toString('base64'),
  ifName: 'eth0',
  networkName: 'größe',
  netns: '/var/run/netns/cni-1',
  cniArgs: [
    ['K8S_POD_NAMESPACE', 'shop'],
    ['K8S_POD_NAME', 'wéb'],
  ],
  capabilityArgs: { nonMasqueradeCIDRs: ['192.0.2.0/24'] },
  result: { ips: [{ address: '10.244.1.7/24' }] },
}
const { cniArgs: _, capabilityArgs: __, ...least } = entry

const inParts = (text: string) => {
  const head = readHead(text)
  return head && parseBehind(head, text, new Map())
}
/** Values, and what the functions give. */
const plain = (read: ReturnType<typeof parseCacheFile>) =>
  read && {
    ...read,
    config: {
      base64: read.config.base64,
      conflist: read.config.readConflist(),
      args: read.config.readArgs(),
    },
  }

test('in parts', () => {
  expect(plain(inParts(JSON.stringify(entry)))).toEqual({
    attachment: { containerID: 'c1', ifname: 'eth0', network: 'größe', pod: 'shop/wéb', namespace: 'shop' },
    config: { base64: entry.config, conflist, args: { cni: { x: 1 } } },
    result: entry.result,
    capabilityArgs: entry.capabilityArgs,
    netns: entry.netns,
  })
})

test.each([
  ['all that libcni writes', entry],
  ['the least', least],
  ['no arguments, as null', { ...entry, cniArgs: null }],
  [
    'arguments that are no pairs',
    { ...entry, cniArgs: [null, 'K8S_POD_NAME', ['K8S_POD_NAME'], ...entry.cniArgs] },
  ],
])('both ways: %s', (_, value) => {
  const text = JSON.stringify(value)
  expect(plain(inParts(text))).toEqual(plain(parseCacheFile(text, new Map())))
})

describe('that is for the whole file to say:', () => {
  test.each([
    ['a key of the head that comes again', `${JSON.stringify(entry).slice(0, -1)},"containerId":"c2"}`],
    ['no result', JSON.stringify({ ...entry, result: undefined })],
    ['torn', JSON.stringify(entry).slice(0, -3)],
    ['something behind the end', `${JSON.stringify(entry)}x`],
  ])('%s', (_, text) => {
    expect(inParts(text)).toBeUndefined()
  })
})
