import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { firewall, masquerading } from '../lab/firewall'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, type PluginCall, succeed } from '../lab/plugin'

/**
 * Who owns an address, and what is left of whom. The stories have two pods: A had an address first, B has it now,
 * because IPAM gave it to B when A was gone.
 */

let node: Namespace
beforeEach(async () => {
  node = await createNamespace('attachments')
})
afterEach(() => node.delete())

const IP = '10.244.1.7'
const A: PluginCall = { containerID: 'a', config: configWith([`${IP}/24`]) }
const B: PluginCall = { containerID: 'b', config: configWith([`${IP}/24`]) }

const withAddresses = (containerID: string, ...addresses: string[]): PluginCall => ({
  containerID,
  config: configWith(addresses),
})

/** As runtimes send it the second time: no netns, no prevResult. */
const lost = ({ containerID = '' }: PluginCall): PluginCall => ({
  containerID,
  config: { cniVersion: '1.0.0', name: 'cbr0', type: 'ip-masq' },
  environment: { CNI_NETNS: '' },
})

const add = (call: PluginCall) => succeed(node, 'ADD', call)
const del = (call: PluginCall) => succeed(node, 'DEL', call)
const check = async (call: PluginCall) => (await callPlugin(node, 'CHECK', call)).status === 0

const holders = () => firewall.holders(node)
const list = () => firewall.list(node)
/** iptables' notes hold the time of the last ADD, as an address; nft's owners that of the first. */
const withoutTime = (text: string) =>
  text
    // The record has the time since the boot among other things.
    .replaceAll(/^-A IPM-O-\S+ -s \S+ -d (?:2[2-5]\d\.|[ef][0-9a-f]{3}:).*\n/gm, '')
    .replaceAll(/^(-A IPM-O-\S+ -s \S+) -d \S+/gm, '$1')

describe('one attachment', () => {
  test('with 2 IPv4 and 3 IPv6 addresses on one interface has a rule for each, and after DEL none', async () => {
    const addresses = ['10.244.1.7/24', '10.244.9.7/24', 'fd00::7/64', 'fd00:9::7/64', '2001:db8::7/64']
    const pod = withAddresses('a', ...addresses)
    await add(pod)
    expect(await holders()).toEqual({
      '10.244.1.7': 'a',
      '10.244.9.7': 'a',
      'fd00::7': 'a',
      'fd00:9::7': 'a',
      '2001:db8::7': 'a',
    })
    expect(await check(pod)).toBe(true)
    await del(pod)
    expect(await holders()).toEqual({})
  })

  test('ADDed twice is ADDed once', async () => {
    await add(A)
    const once = await list()
    await add(A)
    expect(withoutTime(await list())).toBe(withoutTime(once))
  })

  test('ADDed with another list has the new policy, and only that', async () => {
    await add(A)
    const before = await firewall.policies(node)
    await add({ ...A, config: configWith([`${IP}/24`], { nonMasqueradeCIDRs: [] }) })
    const after = await firewall.policies(node)
    expect(after[IP]).toMatch(firewall.policyName)
    expect(after[IP]).not.toBe(before[IP])
    expect(await holders()).toEqual({ [IP]: 'a' })
    const exempt = (await firewall.exempt(node, IP)).map((prefix) => prefix.replace(/\/32$/, ''))
    expect(exempt.sort()).toEqual(['10.244.1.0/24', '169.254.0.0/16', '224.0.0.0/4', '255.255.255.255'])
  })

  test('ADDed with one address more and one less keeps no rule for that one', async () => {
    await add(withAddresses('a', '10.244.1.7/24', '10.244.1.8/24'))
    await add(withAddresses('a', '10.244.1.7/24', '10.244.1.9/24'))
    expect(await holders()).toEqual({ '10.244.1.7': 'a', '10.244.1.9': 'a' })
  })

  test('ADDed with one address less that had lost its rule keeps nothing of it', async () => {
    await add(withAddresses('a', '10.244.1.7/24', '10.244.1.8/24'))
    await node.sh(firewall.loseRule('10.244.1.8'))
    await add(withAddresses('a', '10.244.1.7/24', '10.244.1.9/24'))
    expect(await holders()).toEqual({ '10.244.1.7': 'a', '10.244.1.9': 'a' })
  })

  // CNI forbids it, and nft's ADD, which only adds, cannot see it: the second DEL that runtimes send cleans up.
  test('ADDed with all other addresses, without a DEL: after both DELs nothing is left', async () => {
    const [first, second] = [withAddresses('a', '10.244.1.7/24'), withAddresses('a', '10.244.1.9/24')]
    await add(first)
    await add(second)
    expect(await masquerading(node)).toContain('10.244.1.9')
    await del(second)
    await del(lost(second))
    expect(await holders()).toEqual({})
  })

  test('without addresses needs no rules, and no table', async () => {
    const none = { ...A, config: { ...configWith(), prevResult: { cniVersion: '1.0.0', ips: [] } } }
    expect((await add(none)).json).toEqual({ cniVersion: '1.0.0', ips: [] })
    expect(await list()).toBe('')
    expect(await check(none)).toBe(true)
    await del(none)
  })

  test('with a /32 and a /128 shares its policy with every other such pod', async () => {
    await add(withAddresses('a', '10.244.1.7/32', 'fd00::7/128'))
    await add(withAddresses('b', '10.244.1.8/32', 'fd00::8/128'))
    const policies = await firewall.policies(node)
    const [ipv4, ipv6] = [
      ['10.244.1.7', '10.244.1.8'],
      ['fd00::7', 'fd00::8'],
    ].map((pair) => pair.map((address) => policies[address]))
    expect([ipv4?.[0], ipv6?.[0]]).toEqual([ipv4?.[1], ipv6?.[1]])
  })
})

describe('DEL', () => {
  test('without table, never ADDed, and repeated', async () => {
    for (const call of [A, lost(A)]) {
      await del(call)
      expect(await list()).toBe('')
    }
    await add(B)
    const before = await list()
    const stranger = withAddresses('stranger', '10.244.1.99/24')
    for (const call of [stranger, lost(stranger), stranger]) await del(call)
    expect(await list()).toBe(before)
    for (const call of [B, B, lost(B)]) await del(call)
    expect(await masquerading(node)).toEqual([])
  })

  test('without netns and prevResult', async () => {
    await add(withAddresses('a', '10.244.1.7/24', 'fd00::7/64'))
    await add(withAddresses('b', '10.244.1.8/24', 'fd00::8/64'))
    await del(lost(A))
    expect(await holders()).toEqual({ '10.244.1.8': 'b', 'fd00::8': 'b' })
  })

  test('with a scrubbed environment, as podman’s exit hook', async () => {
    await add(A)
    await del({ ...A, environment: { PATH: undefined, CNI_PATH: undefined, CNI_NETNS: undefined } })
    expect(await holders()).toEqual({})
  })

  test.each([
    ['the network was renamed', { name: 'renamed' }],
    ['the list changed', { nonMasqueradeCIDRs: [] }],
    ['the list became a typo', { nonMasqueradeCIDR: ['10/8'] }],
    ['the version became another', { cniVersion: '0.3.1' }],
    ['prevResult does not parse', { prevResult: { ips: [{ address: 'x' }] } }],
    ['prevResult is of another kind', { prevResult: [] }],
  ])('after %s', async (_, change) => {
    await add(A)
    await add(withAddresses('b', '10.244.1.8/24'))
    await del({ ...A, config: { ...configWith([`${IP}/24`]), ...change } })
    expect(await holders()).toEqual({ '10.244.1.8': 'b' })
  })

  test('with unreadable stdin', async () => {
    await add(A)
    await del({ ...A, before: 'exec 0</' })
    expect(await holders()).toEqual({})
  })

  test('of one interface leaves the container’s other', async () => {
    await add({ ...A, ifname: 'eth0' })
    await add({ containerID: 'a', ifname: 'net1', config: configWith(['10.9.0.7/24']) })
    await del({ ...lost(A), ifname: 'eth0' })
    expect(await masquerading(node)).toEqual(['10.9.0.7'])
  })

  test('when one address was never installed', async () => {
    await add(A)
    await del(withAddresses('a', `${IP}/24`, '10.244.1.99/24'))
    expect(await holders()).toEqual({})
  })

  test('when prevResult lacks an address that the ADD had', async () => {
    await add(withAddresses('a', `${IP}/24`, 'fd00::7/64', '10.244.1.8/24'))
    await del(A)
    expect(await holders()).toEqual({})
  })

  test('when prevResult lacks a whole family that the ADD had', async () => {
    await add(withAddresses('a', `${IP}/24`, 'fd00::7/64'))
    await del(A)
    expect(await holders()).toEqual({})
  })

  test('when one address was taken over', async () => {
    const both = withAddresses('a', `${IP}/24`, '10.244.1.8/24')
    for (const call of [both, lost(both)]) {
      await add(both)
      await add(B)
      expect(await holders()).toEqual({ [IP]: 'b', '10.244.1.8': 'a' })
      await del(call)
      expect(await holders()).toEqual({ [IP]: 'b' })
      await del(B)
    }
  })

  test.each([
    ['its rule', firewall.loseRule(IP)],
    ['its owner', firewall.loseOwner(IP)],
  ])('when one address has lost %s', async (_, lose) => {
    const both = withAddresses('a', `${IP}/24`, '10.244.1.8/24')
    await add(both)
    await add(withAddresses('b', '10.244.1.9/24'))
    await node.sh(lose)
    await del(both)
    expect(await holders()).toEqual({ '10.244.1.9': 'b' })
  })

  test('when the owners are gone altogether', async () => {
    await add(A)
    await node.sh(firewall.loseOwners)
    await del(A)
    expect(await masquerading(node)).toEqual([])
  })

  test('without prevResult, when one address has lost its rule', async () => {
    await add(withAddresses('a', `${IP}/24`, '10.244.1.8/24'))
    await node.sh(firewall.loseRule(IP))
    await del(lost(A))
    expect(await holders()).toEqual({})
  })

  test('when one address was taken over and the other lost its owner', async () => {
    const both = withAddresses('a', `${IP}/24`, '10.244.1.8/24')
    await add(both)
    await add(B)
    await node.sh(firewall.loseOwner('10.244.1.8'))
    await del(both)
    expect(await holders()).toEqual({ [IP]: 'b' })
  })

  test('leaves the rules of others and the skeleton', async () => {
    await node.sh(firewall.addForeign)
    const foreign = await node.sh(firewall.listForeign)
    await add(A)
    await del(A)
    expect(await node.sh(firewall.listForeign)).toBe(foreign)
    await node.sh(firewall.isHooked.replace('ip6tables-', 'iptables-'))
  })
})

describe('an address that moved from A to B', () => {
  test.each([
    ['ADD A, DEL A, ADD B', async () => [await add(A), await del(A), await add(B)]],
    ['ADD A, ADD B, late DEL A', async () => [await add(A), await add(B), await del(A)]],
    [
      'ADD A, ADD B, late DEL A without prevResult',
      async () => [await add(A), await add(B), await del(lost(A))],
    ],
    [
      'ADD A, DEL A, ADD B, DEL A again',
      async () => [await add(A), await del(A), await add(B), await del(A)],
    ],
    ['A gone without DEL, ADD B twice', async () => [await add(A), await add(B), await add(B)]],
    ['there and back: ADD A, B, A, B', async () => [await add(A), await add(B), await add(A), await add(B)]],
  ])('%s: it is B’s', async (_, story) => {
    await story()
    expect(await holders()).toEqual({ [IP]: 'b' })
    expect(await check(B)).toBe(true)
    expect(await check(A)).toBe(false)
  })

  test('to a B with another list: B’s list stands', async () => {
    const b = { ...B, config: configWith([`${IP}/24`], { nonMasqueradeCIDRs: [] }) }
    await add(A)
    await add(b)
    expect(await check(b)).toBe(true)
    await del(A)
    expect(await check(b)).toBe(true)
    await del(b)
    expect(await holders()).toEqual({})
  })

  test('and B gone too: nobody’s', async () => {
    await add(A)
    await add(B)
    await del(B)
    expect(await holders()).toEqual({})
    await del(A)
    expect(await holders()).toEqual({})
  })

  test('one of two: A keeps the other', async () => {
    const two = withAddresses('a', `${IP}/24`, 'fd00::7/64')
    await add(two)
    await add(B)
    expect(await holders()).toEqual({ [IP]: 'b', 'fd00::7': 'a' })
    await add(two)
    expect(await holders()).toEqual({ [IP]: 'a', 'fd00::7': 'a' })
  })

  test('an element without owner is taken over as well', async () => {
    await add({ ...A, config: configWith([`${IP}/24`], { nonMasqueradeCIDRs: [] }) })
    await node.sh(firewall.loseOwner(IP))
    await add(B)
    expect(await check(B)).toBe(true)
  })
})

describe('many at once', () => {
  const pods = Array.from({ length: 100 }, (_, i) =>
    withAddresses(`pod-${i}`, `10.244.2.${i + 1}/24`, `fd00::${i + 1}/64`),
  )
  const names = (from: number) =>
    Object.fromEntries(
      pods.slice(from).flatMap(({ containerID = '' }, i) => [
        [`10.244.2.${from + i + 1}`, containerID],
        [`fd00::${(from + i + 1).toString()}`, containerID],
      ]),
    )

  test('100 ADDs, then 100 DELs', async () => {
    await Promise.all(pods.map(add))
    expect(await holders()).toEqual(names(0))
    await node.sh(firewall.isHooked)
    expect(await check(pods[0] ?? A)).toBe(true)
    await Promise.all(pods.map((pod, i) => del(i % 2 ? pod : lost(pod))))
    expect(await holders()).toEqual({})
  })

  test('50 ADDs beside 50 DELs, while the ruleset is flushed', async () => {
    await Promise.all(pods.slice(0, 50).map(add))
    await Promise.all([
      ...pods.slice(0, 50).map(del),
      ...pods.slice(50).map(add),
      node.sh(`sleep 0.2; ${firewall.flush}`).catch(() => {}),
    ])
    await Promise.all(pods.slice(50).map(add))
    expect(await holders()).toEqual(names(50))
  })

  test('20 pods that want one address: one of them has it, and the next has it after them', async () => {
    const rivals = Array.from({ length: 20 }, (_, i) => withAddresses(`rival-${i}`, `${IP}/24`, 'fd00::7/64'))
    const replies = await Promise.all(rivals.map((rival) => callPlugin(node, 'ADD', rival)))
    // Rivals overtake each other; who is overtaken too often is told to try again.
    const codes = replies
      .filter(({ status }) => status !== 0)
      .map(({ json }) => (json as { code: number }).code)
    expect(new Set([...codes, 11])).toEqual(new Set([11]))
    if (firewall.name === 'nftables') {
      const held = await holders()
      expect(held[IP]).toMatch(/^rival-/)
      expect(held['fd00::7']).toBe(held[IP])
    }
    // iptables-nft lets two of them through where others change the ruleset meanwhile: nothing may be left of that.
    const next = withAddresses('next', `${IP}/24`, 'fd00::7/64')
    await add(next)
    expect(await check(next)).toBe(true)
    expect(await holders()).toEqual({ [IP]: 'next', 'fd00::7': 'next' })
    for (const rival of rivals) await del(lost(rival))
    expect(await check(next)).toBe(true)
    await del(next)
    expect(await holders()).toEqual({})
  })

  test('one pod ADDed ten times at once has its rules once, or CHECK tells, and DEL leaves nothing', async () => {
    const pod = withAddresses('a', `${IP}/24`, 'fd00::7/64')
    await add(withAddresses('first', '10.244.1.200/24', 'fd00::200/64'))
    await Promise.all(Array.from({ length: 10 }, () => callPlugin(node, 'ADD', pod)))
    expect((await masquerading(node)).filter((address) => address === IP)).toHaveLength(1)
    await del(pod)
    await del(lost(pod))
    expect(await masquerading(node)).toEqual(['10.244.1.200', 'fd00::200'])
    expect(await firewall.list(node)).not.toContain(IP)
  })
})
