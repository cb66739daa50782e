import { expect, test } from 'vitest'
import type { Listed } from '../../../src/backend/backend'
import { attachmentId, networkDigest } from '../../../src/backend/identity'
import { failure } from '../../lab/bad-configs'
import { type Call, callInProcess } from '../../lab/call'

const gc = (keys: Readonly<Record<string, unknown>>, call: Call = {}) =>
  callInProcess('GC', { config: { cniVersion: '1.1.0', name: 'cbr0', type: 'ip-masq', ...keys }, ...call })

const KEEP = { 'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }] }

const listed = (containerID: string, network: string, networkDigestOf = networkDigest(network)): Listed => ({
  id: attachmentId({ containerID, ifname: 'eth0' }),
  addresses: [],
  note: {
    ...{ networkDigest: networkDigestOf, epochSeconds: 0, network, containerID, ifname: 'eth0', pod: '' },
  },
})

/** What GC would remove of these. */
const ALL = [listed('c1', 'cbr0'), listed('c2', 'cbr0'), listed('c3', 'other')]

test('removes what the runtime does not list, of its own network', async () => {
  const removed: Listed[] = []
  const reply = await gc(KEEP, {
    backends: {
      async prune(isStale) {
        removed.push(...ALL.filter(isStale))
        return { removed, policies: [], failures: [] }
      },
    },
  })
  expect(reply).toMatchObject({ status: 0, stdout: '', warnings: [] })
  expect(removed.map(({ note }) => note?.containerID)).toEqual(['c2'])
  expect(reply.asked).toEqual([['prune', expect.any(Function), { dryRun: false }]])
})

test('needs neither CNI_PATH nor a config of ours that is right', async () => {
  const environment = { CNI_PATH: undefined, CNI_CONTAINERID: undefined, CNI_IFNAME: undefined }
  expect(await gc({ ...KEEP, nonMasqCIDR: 1 }, { environment })).toMatchObject({ status: 0, stdout: '' })
})

test('what an older version named by half a digest is left alone, and named', async () => {
  const half = listed('c4', 'cbr0', networkDigest('cbr0').slice(0, 8))
  const reply = await gc(KEEP, {
    backends: {
      async prune(isStale) {
        return { removed: [half].filter(isStale), policies: [], failures: [] }
      },
    },
  })
  expect(reply.warnings).toEqual([
    expect.stringMatching(/^kept \(c4 eth0, network cbr0\): an older version recorded only half/),
  ])
})

test('what cannot be removed is an error, with a line for each', async () => {
  const prune = async () => ({ removed: [], policies: [], failures: ['c2 eth0: busy', 'c5 eth0: busy'] })
  const reply = await gc(KEEP, { backends: { prune } })
  const { json } = failure(11, 'Cannot remove 2 of the stale rules; try again', '1.1.0')
  expect(reply).toMatchObject({ status: 1, warnings: [] })
  expect(reply.json).toEqual({ ...json, details: 'c2 eth0: busy\nc5 eth0: busy' })
})

test.each([undefined, null])(
  'without a list (%s) it removes only what is proven gone, and says so',
  async (list) => {
    const removed: Listed[] = []
    const reply = await gc(
      { 'cni.dev/valid-attachments': list },
      {
        backends: {
          list: async () => ALL,
          async prune(isStale) {
            removed.push(...ALL.filter(isStale))
            return { removed, policies: [], failures: [] }
          },
        },
      },
    )
    expect(reply).toMatchObject({ status: 0, stdout: '' })
    expect(removed).toEqual([])
    expect(reply.warnings).toEqual([
      'GC was called without a list of valid attachments, so only those of cbr0 that are proven gone were removed',
      'kept (c1 eth0, network cbr0): there is no result cache',
      'kept (c2 eth0, network cbr0): there is no result cache',
    ])
  },
)

test('a list that is none removes nothing', async () => {
  const reply = await gc({ 'cni.dev/valid-attachments': 'all' })
  expect(reply).toMatchObject({ status: 1, json: { code: 7 }, asked: [] })
})

test('a list that stands twice removes nothing', async () => {
  const list = '"cni.dev/valid-attachments": []'
  const config = `{"cniVersion": "1.1.0", "name": "cbr0", "type": "ip-masq", ${list}, ${list}}`
  expect(await callInProcess('GC', { config })).toMatchObject({
    ...failure(7, /the config has it twice; send one list/, '1.1.0'),
    asked: [],
  })
})
