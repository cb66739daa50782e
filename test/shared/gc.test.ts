import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { firewall, masquerading } from '../lab/firewall'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, PREFIX, succeed } from '../lab/plugin'

/** The verb GC: two networks, `cbr0` with the pods a and b, `other` with the pod c. */

let node: Namespace
beforeEach(async () => {
  node = await createNamespace('gc')
  await succeed(node, 'ADD', { containerID: 'a', config: configWith(['10.244.1.1/24', 'fd00::1/64']) })
  await succeed(node, 'ADD', { containerID: 'b', config: configWith(['10.244.1.2/24']) })
  const other = { ...configWith(['10.9.0.3/24'], { nonMasqueradeCIDRs: [] }), name: 'other' }
  await succeed(node, 'ADD', { containerID: 'c', config: other })
})
afterEach(() => node.delete())

const VALID = 'cni.dev/valid-attachments'
const nothing = { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined }
const gc = (keys: Record<string, unknown>, more: Record<string, unknown> = {}) => {
  const config = { cniVersion: '1.1.0', name: 'cbr0', type: 'ip-masq', ...keys, ...more }
  return callPlugin(node, 'GC', { config, environment: nothing })
}
const name = (containerID: string, ifname = 'eth0') => ({ containerID, ifname })

const A = ['10.244.1.1', 'fd00::1']
const B = ['10.244.1.2']
const C = ['10.9.0.3']

describe('GC keeps', () => {
  test.each([
    ['all that are listed', [name('a'), name('b')], [...A, ...B, ...C]],
    ['those of a superset', [name('a'), name('b'), name('z')], [...A, ...B, ...C]],
    ['those of a subset, and removes the rest', [name('a')], [...A, ...C]],
    ['none of an empty list, but other networks', [], C],
    ['not those of another interface', [name('a', 'net1'), name('b')], [...B, ...C]],
  ])('%s', async (_, valid, expected) => {
    expect(await gc({ [VALID]: valid })).toMatchObject({ status: 0, stdout: '', stderr: '' })
    expect(await masquerading(node)).toEqual([...expected].sort())
  })

  test('what the old key lists', async () => {
    expect(await gc({ 'cni.dev/attachments': [name('b')] })).toMatchObject({ status: 0 })
    expect(await masquerading(node)).toEqual([...B, ...C].sort())
  })

  test('pods whose netns is gone, if they are listed: the runtime knows', async () => {
    await gc({ [VALID]: [name('a')] })
    expect(await masquerading(node)).toEqual([...A, ...C].sort())
  })
})

describe('GC removes nothing', () => {
  test('for two lists, of which one would be passed over', async () => {
    const config = `{"cniVersion": "1.1.0", "name": "cbr0", "${VALID}": [${JSON.stringify(name('a'))}], "${VALID}": []}`
    const { status, json } = await callPlugin(node, 'GC', { config, environment: nothing })
    expect(status).toBe(1)
    expect(json).toMatchObject({
      code: 7,
      msg: `Cannot use ${VALID}: the config has it twice; send one list; nothing was removed`,
    })
    expect(await masquerading(node)).toEqual([...A, ...B, ...C].sort())
  })

  const advice = 'send the list of attachments to keep, [] to keep none; nothing was removed'
  test.each([
    ['for an object', { [VALID]: {} }, `Cannot use ${VALID} {}: ${advice}`],
    [
      'for a list of something else',
      { [VALID]: [name('a'), 'b'] },
      `Cannot use ${VALID}[1] "b": write {"containerID": "...", "ifname": "..."}; nothing was removed`,
    ],
    ['for a network without a name', { [VALID]: [], name: '' }, /^Cannot use name ""/],
  ])('%s', async (_, keys, msg) => {
    const before = await firewall.list(node)
    const { json } = await gc(keys)
    expect(json).toMatchObject({ code: 7, msg: typeof msg === 'string' ? msg : expect.stringMatching(msg) })
    expect(await firewall.list(node)).toBe(before)
  })

  test('below CNI 1.1.0', async () => {
    const { json } = await gc({ [VALID]: [] }, { cniVersion: '1.0.0' })
    expect(json).toEqual({
      cniVersion: '1.0.0',
      code: 1,
      msg: 'Cannot run GC with cniVersion "1.0.0": GC needs 1.1.0 or later',
    })
    expect(await masquerading(node)).toHaveLength(4)
  })
})

describe.each([
  ['without the key', {}],
  ['for null', { [VALID]: null }],
  ['for null under both keys', { [VALID]: null, 'cni.dev/attachments': null }],
])('GC %s: nothing is known to be valid', (_, keys) => {
  test('what is not proven gone is kept, and named', async () => {
    const before = await firewall.list(node)
    const { status, stdout, stderr } = await gc(keys)
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
    expect(stderr.split('\n').sort()).toEqual(
      [
        `${PREFIX}GC was called without a list of valid attachments, so only those of cbr0 that are proven gone were removed`,
        `${PREFIX}kept (a eth0, network cbr0): its network namespace still exists`,
        `${PREFIX}kept (b eth0, network cbr0): its network namespace still exists`,
      ].sort(),
    )
    expect(await firewall.list(node)).toBe(before)
  })

  test('what is proven gone is removed, and other networks are left alone', async () => {
    const environment = { CNI_NETNS: '/var/run/netns/ip-masq-gone' }
    for (const [containerID, address, name] of [
      ['d', '10.244.1.4/24', 'cbr0'],
      ['e', '10.244.1.5/24', 'other'],
    ] as const)
      await succeed(node, 'ADD', { containerID, environment, config: { ...configWith([address]), name } })
    expect(await gc(keys)).toMatchObject({ status: 0 })
    expect(await masquerading(node)).toEqual([...A, ...B, ...C, '10.244.1.5'].sort())
  })

  test('a node without rules says nothing', async () => {
    await node.sh(firewall.flush)
    expect(await gc(keys)).toMatchObject({ status: 0, stdout: '', stderr: '' })
  })
})

test('GC reads none of our keys', async () => {
  expect(await gc({ [VALID]: [] }, { nonMasqueradeCIDR: ['typo'], nonMasqueradeCIDRs: null })).toMatchObject({
    status: 0,
  })
  expect(await masquerading(node)).toEqual(C)
})

test('GC drops policies that no pod has, and keeps those of others', async () => {
  const before = await firewall.policies(node)
  const [mine = '', others = ''] = [before['10.244.1.1'], before['10.9.0.3']]
  expect(mine).not.toBe(others)
  await gc({ [VALID]: [] })
  const after = await firewall.list(node)
  expect(after).not.toContain(mine)
  expect(after).toContain(others)
})

test('GC carries on past an address that lost its rule', async () => {
  await node.sh(firewall.loseRule('10.244.1.1'))
  expect(await gc({ [VALID]: [] })).toMatchObject({ status: 0 })
  expect(await firewall.holders(node)).toEqual({ '10.9.0.3': 'c' })
})

test('GC of a node without a table has nothing to do', async () => {
  await node.sh(firewall.flush)
  expect(await gc({ [VALID]: [] })).toMatchObject({ status: 0, stdout: '' })
  expect(await firewall.list(node)).toBe('')
})

test('GC beside 50 ADDs of the same network removes none of them that it was told to keep', async () => {
  const pods = Array.from({ length: 50 }, (_, i) => `pod-${i}`)
  const keep = [...pods.map((pod) => name(pod)), name('a')]
  await Promise.all([
    ...pods.map((pod, i) =>
      succeed(node, 'ADD', { containerID: pod, config: configWith([`10.244.2.${i}/24`]) }),
    ),
    ...Array.from({ length: 10 }, () => gc({ [VALID]: keep })),
  ])
  expect(await masquerading(node)).toHaveLength(50 + A.length + C.length)
})
