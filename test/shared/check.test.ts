import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { firewall } from '../lab/firewall'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, PREFIX, succeed } from '../lab/plugin'

/** CHECK, whatever it calls things: what is in order passes, what is not does not, and nothing is changed. */

let node: Namespace
beforeEach(async () => {
  node = await createNamespace('check')
})
afterEach(() => node.delete())

const podWith = (keys: Record<string, unknown>) => ({
  containerID: 'a',
  config: configWith(['10.244.1.7/24', 'fd00::7/64'], keys),
})
const QUIET = { status: 0, stdout: '', stderr: '' }

describe('CHECK passes what an ADD installed', () => {
  test.each([
    ['the defaults', {}],
    ['everything exempt', { nonMasqueradeCIDRs: ['0.0.0.0/0', '::/0'] }],
    ['nothing exempt', { nonMasqueradeCIDRs: [] }],
    [
      'what is printed in other words',
      {
        nonMasqueradeCIDRs: [
          ...['0.0.0.0/8', '10.0.1.0/24', '10.0.2.0/24', '192.0.2.1/32', '255.255.255.254/32', '0.0.0.0/1'],
          ...['::1.2.0.0/112', 'fd00::/8', '2001:db8::1/128', '8000::/1'],
        ],
        masqueradeCIDRs: ['10.0.1.128/25', '0.0.0.1/32'],
      },
    ],
    [
      'every option',
      {
        outInterfaces: ['wan', 'bond*', 'eth0'],
        toPorts: '1024-29999,32768-65535',
        snatTo: { ipv4: '192.0.2.8-192.0.2.15', ipv6: '2001:db8::10' },
        pinExemptions: true,
        masqLinkLocal: true,
      },
    ],
    ['one family alone', { ipv6: false, randomFully: false }],
  ])('%s', async (_, keys) => {
    await succeed(node, 'ADD', podWith(keys))
    const before = await firewall.list(node)
    expect(await callPlugin(node, 'CHECK', podWith(keys))).toMatchObject(QUIET)
    expect(await firewall.list(node)).toBe(before)
  })
})

/** The letter of the spec: CHECK changes nothing. */
const strict = podWith({ repairOnCheck: false })

describe('CHECK finds', () => {
  const changes: (readonly [string, string])[] = [
    ...firewall.losses,
    ...firewall.damages,
    ['an IPv4 address without its rule', firewall.loseRule('10.244.1.7')],
    ['an IPv6 address without its rule', firewall.loseRule('fd00::7')],
    ['an IPv4 address without its owner', firewall.loseOwner('10.244.1.7')],
    ['an IPv6 address without its owner', firewall.loseOwner('fd00::7')],
  ]
  test.each(changes)('%s', async (_, change) => {
    await succeed(node, 'ADD', strict)
    const policy = (await firewall.policies(node))['10.244.1.7'] ?? ''
    await node.sh(change.replaceAll('POLICY', policy))
    const before = await firewall.list(node)
    const { status, json } = await callPlugin(node, 'CHECK', strict)
    expect({ status, json }).toMatchObject({
      status: 1,
      json: {
        code: 101,
        msg: expect.stringMatching(/^Cannot confirm the rules of a eth0: \d+ missing or altered/),
      },
    })
    expect(await firewall.list(node)).toBe(before)
  })

  test('a list that changed since the ADD', async () => {
    await succeed(node, 'ADD', podWith({}))
    expect(await callPlugin(node, 'CHECK', podWith({ nonMasqueradeCIDRs: [] }))).toMatchObject({
      json: { code: 101 },
    })
  })

  test('an attachment that was never added, and one whose address went to another', async () => {
    expect(await callPlugin(node, 'CHECK', strict)).toMatchObject({ json: { code: 101 } })
    await succeed(node, 'ADD', strict)
    const other = { ...strict, containerID: 'b' }
    await succeed(node, 'ADD', other)
    expect(await callPlugin(node, 'CHECK', strict)).toMatchObject({ json: { code: 101 } })
    expect(await callPlugin(node, 'CHECK', other)).toMatchObject(QUIET)
  })
})

describe('CHECK restores', () => {
  const said = `${PREFIX}CHECK restored the rules of a eth0, which were missing`

  test('the rules of a pod that has none after a flush, and says so', async () => {
    await succeed(node, 'ADD', podWith({}))
    const before = await firewall.policies(node)
    await node.sh(firewall.flush)
    expect(await callPlugin(node, 'CHECK', podWith({}))).toMatchObject({ ...QUIET, stderr: said })
    expect(await firewall.policies(node)).toEqual(before)
    expect(await callPlugin(node, 'CHECK', podWith({}))).toMatchObject(QUIET)
  })

  test('no rules that were altered', async () => {
    await succeed(node, 'ADD', podWith({}))
    await node.sh(firewall.loseRule('fd00::7'))
    const before = await firewall.list(node)
    expect(await callPlugin(node, 'CHECK', podWith({}))).toMatchObject({ status: 1, json: { code: 101 } })
    expect(await firewall.list(node)).toBe(before)
  })

  test('no rules for an address that another attachment has', async () => {
    await succeed(node, 'ADD', { ...podWith({}), containerID: 'b' })
    expect(await callPlugin(node, 'CHECK', podWith({}))).toMatchObject({ status: 1, json: { code: 101 } })
    expect(await firewall.holders(node)).toEqual({ '10.244.1.7': 'b', 'fd00::7': 'b' })
  })
})
