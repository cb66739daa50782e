import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { attachmentDigest } from '../../src/backend/identity'
import { mendSlots } from '../../src/backend/nftables/fill-slots'
import { renderTransaction } from '../../src/backend/nftables/render'
import { NO_TABLE } from '../../src/backend/nftables/table-state'
import { digitsOf } from '../../src/policy/address'
import { parseAddress } from '../../src/policy/address-text'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, type PluginCall, PREFIX, succeed } from '../lab/plugin'
import { listRuleset, podAddresses, readTable } from '../lab/table'

/** The table as others leave it: of an older version, of somebody else, of a pod that is gone. */

let node: Namespace
let network: CachedNetwork
beforeEach(async () => {
  node = await createNamespace('layout')
  network = await createCachedNetwork(node)
})
afterEach(async () => {
  await node.delete()
  await network.delete()
})

const call = (command: string, options: PluginCall = {}) => callPlugin(node, command, options)
const withoutPrevResult = (containerID: string): PluginCall => ({
  containerID,
  config: { ...configWith(), prevResult: undefined },
})
const pod = (containerID: string, ...addresses: string[]): PluginCall => ({
  containerID,
  config: configWith(addresses),
})
const owners = async () => Object.keys((await readTable(node))?.owners ?? {})

describe('a DEL leaves a tombstone', () => {
  test.each([
    ['with prevResult', pod('a', '10.244.1.7/24')],
    ['without prevResult', withoutPrevResult('a')],
  ])('%s: sync does not bring its rules back while the cache still has it', async (_, del) => {
    await network.add('a', ['10.244.1.7/24'])
    await network.add('b', ['10.244.1.8/24'])
    await succeed(node, 'DEL', del)
    await network.command('sync')
    expect(await podAddresses(node)).toEqual(['10.244.1.8'])
    // Nor when the rules of all are restored.
    await node.sh('nft delete table inet ip-masq')
    await succeed(node, 'DEL', del)
    await network.command('sync')
    expect(await podAddresses(node)).toEqual(['10.244.1.8'])
  })

  test('an ADD that finds the table gone restores the others, and not the pod whose DEL came meanwhile', async () => {
    await network.add('a', ['10.244.1.7/24'])
    await network.add('b', ['10.244.1.8/24'])
    await node.sh('nft flush ruleset')
    await succeed(node, 'DEL', withoutPrevResult('a'))
    const environment = { CNI_ARGS: '' }
    const { stderr } = await callPlugin(node, 'ADD', { ...pod('c', '10.244.1.9/24'), environment })
    expect(stderr).not.toContain('a defect')
    await network.command('sync')
    expect(await podAddresses(node)).toEqual(['10.244.1.8', '10.244.1.9'])
  })

  test('the same attachment is added again, and its tombstone goes', async () => {
    await succeed(node, 'ADD', pod('a', '10.244.1.7/24'))
    await succeed(node, 'DEL', withoutPrevResult('a'))
    expect((await readTable(node))?.tombstones).toHaveLength(1)
    await succeed(node, 'ADD', pod('a', '10.244.1.7/24'))
    expect((await readTable(node))?.tombstones).toEqual([])
    expect(await call('CHECK', pod('a', '10.244.1.7/24'))).toMatchObject({ status: 0, stderr: '' })
    await succeed(node, 'DEL', withoutPrevResult('a'))
    expect(await owners()).toEqual([])
  })

  test('on a node that uses iptables it makes no table', async () => {
    const config = { ...configWith(), prevResult: undefined, backend: 'iptables' }
    expect(await call('DEL', { config })).toMatchObject({ status: 0, stderr: '' })
    expect(await node.sh('nft list tables')).not.toContain('inet ip-masq')
  })

  test('nor where its config cannot be read, so that nobody knows what the node uses', async () => {
    expect(await call('DEL', { config: '{"broken' })).toMatchObject({ status: 0 })
    expect(await node.sh('nft list tables')).not.toContain('inet ip-masq')
  })

  test('a table that has nothing else is no table: CHECK says so, gc and STATUS go on', async () => {
    await succeed(node, 'DEL', withoutPrevResult('a'))
    expect((await call('CHECK', pod('a', '10.244.1.7/24'))).json).toMatchObject({
      code: 101,
      details: 'table inet ip-masq: missing',
    })
    expect(await node.sh('nft list table inet ip-masq')).not.toContain('chain')
    await succeed(node, 'ADD', pod('b', '10.244.1.8/24'))
    expect(await podAddresses(node)).toEqual(['10.244.1.8'])
  })
})

describe('slots', () => {
  test('an ADD without DEL whose addresses are all others: the older ones go', async () => {
    await succeed(node, 'ADD', pod('a', '10.244.1.7/24', 'fd00::7/64'))
    await succeed(node, 'ADD', pod('a', '10.244.1.9/24'))
    expect(await podAddresses(node)).toEqual(['10.244.1.9'])
    expect(Object.values((await readTable(node))?.slots ?? {})).toEqual(['::ffff:10.244.1.9'])
  })

  test('say when, how and where an attachment was added', async () => {
    await succeed(node, 'ADD', pod('a', '10.244.1.7/24', 'fd00::7/64'))
    const [note = ''] = Object.values((await readTable(node))?.notes ?? {})
    const [count, seconds, origin, netns] = note.split(' ')
    expect({ count, origin, netns }).toEqual({ count: '2', origin: 'a', netns: node.path })
    const uptime = Number((await node.sh('cat /proc/uptime')).split(' ')[0])
    expect(Math.abs(Number(seconds) - uptime)).toBeLessThan(120)
  })

  test('a network namespace that fits no comment is not recorded', async () => {
    const netns = `/run/${'n'.repeat(200)}`
    await succeed(node, 'ADD', { ...pod('a', '10.244.1.7/24'), environment: { CNI_NETNS: netns } })
    expect(Object.values((await readTable(node))?.notes ?? {})[0]).toMatch(/^1 \d+ a -$/)
  })

  test('a pod with many addresses is found by all of them', async () => {
    const addresses = Array.from({ length: 40 }, (_, i) => `10.244.2.${i + 1}/24`)
    await succeed(node, 'ADD', pod('a', ...addresses))
    await succeed(node, 'ADD', pod('b', '10.244.1.8/24'))
    expect((await podAddresses(node)).length).toBe(41)
    await succeed(node, 'DEL', withoutPrevResult('a'))
    expect(await podAddresses(node)).toEqual(['10.244.1.8'])
  })

  test('that an older version left behind go with the next sync; those that it did not write come', async () => {
    await network.add('a', ['10.244.1.7/24'])
    await network.add('b', ['10.244.1.8/24'])
    const before = await readTable(node)
    const slotOfA = Object.entries(before?.slots ?? {}).find(([, address]) => address.endsWith('.7'))?.[0]
    // As a DEL of `b` and an ADD of `a` by a version without slots.
    await node.sh(`nft delete element inet ip-masq owners { ::ffff:10.244.1.8 }
      nft delete element inet ip-masq pods-ip { 10.244.1.8 }
      nft delete element inet ip-masq attachments { ${slotOfA} }`)
    await network.uncache('b')
    expect(await network.command('sync')).toMatchObject({
      lines: [
        'repaired map attachments: missing addresses of 1 attachment',
        'repaired map attachments: unexpected elements of 1 attachment without rules',
        '1 attachment, 0 changed',
      ],
    })
    expect(Object.values((await readTable(node))?.slots ?? {})).toEqual(['::ffff:10.244.1.7'])
  })
})

describe('a table of layout 2, with running pods', () => {
  const load = () => node.sh(`nft -f ${fileURLToPath(new URL('../golden/layout-2.nft', import.meta.url))}`)
  const old = pod('4c1d', '10.244.1.7/24', 'fd00:244:1::7/64')

  test.each([
    ['CHECK', 'CHECK', old, 2],
    ['DEL', 'DEL', old, 0],
    ['DEL without prevResult', 'DEL', withoutPrevResult('4c1d'), 0],
    ['DEL of another', 'DEL', withoutPrevResult('other'), 2],
  ])('%s works on it as it is', async (_, command, options, left) => {
    await load()
    expect(await call(command, options)).toMatchObject({ status: 0, stderr: '' })
    expect(await owners()).toHaveLength(left)
    expect(Object.keys((await readTable(node))?.rules ?? {})).toContain('layout-2')
  })

  test('the first ADD moves it over, and all pods have their slots', async () => {
    await load()
    const before = await readTable(node)
    await succeed(node, 'ADD', pod('new', '10.244.1.8/24'))
    const after = await readTable(node)
    expect(Object.keys(after?.rules ?? {})).toContain('layout-3')
    expect(Object.keys(after?.rules ?? {})).not.toContain('layout-2')
    expect(after?.owners).toMatchObject(before?.owners ?? {})
    expect(after?.pods).toMatchObject(before?.pods ?? {})
    expect(Object.values(after?.slots ?? {}).sort()).toEqual(Object.keys(after?.owners ?? {}).sort())
    await succeed(node, 'DEL', withoutPrevResult('4c1d'))
    expect(await podAddresses(node)).toEqual(['10.244.1.8'])
  })
})

describe('a table of a release that named policies in another way, with two running pods', () => {
  const path = fileURLToPath(new URL('../golden/layout-3.nft', import.meta.url))
  const OLD = 'policy-304c1de050e39afb'
  const addresses = (host: number) => [`10.244.1.${host}/24`, `fd00:244:1::${host}/64`] as const
  const [a, b, c] = [pod('a', ...addresses(7)), pod('b', ...addresses(8)), pod('c', ...addresses(9))]
  beforeEach(async () => {
    await node.sh(`nft -f ${path}`)
    await network.cache('a', addresses(7))
    await network.cache('b', addresses(8))
  })
  const policies = async () => new Set(Object.values((await readTable(node))?.pods ?? {}))
  const collectGarbage = (...containerIDs: string[]) =>
    succeed(node, 'GC', {
      config: {
        cniVersion: '1.1.0',
        name: 'cbr0',
        type: 'ip-masq',
        'cni.dev/valid-attachments': containerIDs.map((containerID) => ({ containerID, ifname: 'eth0' })),
      },
      environment: { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined },
    })

  const namesOfPolicies = async () => {
    const { rules, sets } = (await readTable(node)) ?? { rules: {}, sets: {} }
    return [...Object.keys(rules), ...Object.keys(sets)].filter((name) => name.startsWith('policy-')).sort()
  }

  test('CHECK and gc find it in order, and change nothing', async () => {
    const before = await listRuleset(node)
    for (const one of [a, b]) expect(await call('CHECK', one)).toMatchObject({ status: 0, stderr: '' })
    await collectGarbage('a', 'b')
    expect(await listRuleset(node)).toBe(before)
  })

  test('sync moves the pods to the policy of the new name, which does the same, and gc deletes the old one', async () => {
    const before = await readTable(node)
    expect((await network.command('sync')).lines.at(-1)).toBe('2 attachments, 2 changed')
    const [policy = '', ...others] = await policies()
    expect([policy !== OLD, others]).toEqual([true, []])
    await collectGarbage('a', 'b')
    const after = await readTable(node)
    const renamed = JSON.parse(JSON.stringify({ ...after, notes: before?.notes }).replaceAll(policy, OLD))
    expect(renamed).toEqual(before)
    expect(await network.command('sync')).toMatchObject({ lines: ['2 attachments, nothing to do'] })
  })

  test('the next pod gets a policy beside theirs, and the last of theirs takes the old one along', async () => {
    const before = await readTable(node)
    await succeed(node, 'ADD', c)
    expect((await readTable(node))?.pods).toMatchObject(before?.pods ?? {})
    expect((await policies()).size).toBe(2)
    for (const one of [a, b, c]) expect(await call('CHECK', one)).toMatchObject({ status: 0, stderr: '' })
    await succeed(node, 'DEL', a)
    await succeed(node, 'DEL', withoutPrevResult('b'))
    await collectGarbage('c')
    expect(await owners()).toHaveLength(2)
    const [kept = ''] = await policies()
    expect(await namesOfPolicies()).toEqual([kept, `${kept}-ip`, `${kept}-ip6`])
    expect(kept).not.toBe(OLD)
  })

  test('a pod that is added again moves to the policy of its new name', async () => {
    expect(await call('ADD', a)).toMatchObject({ status: 0, stderr: '' })
    const pods = (await readTable(node))?.pods ?? {}
    expect(pods['10.244.1.8']).toBe(OLD)
    expect(pods['10.244.1.7']).not.toBe(OLD)
    expect(pods['fd00:244:1::7']).toBe(pods['10.244.1.7'])
    expect(await call('CHECK', a)).toMatchObject({ status: 0, stderr: '' })
  })

  test.each([
    ['lost a rule', `flush chain inet ip-masq ${OLD}`],
    ['lost an exemption', `delete element inet ip-masq ${OLD}-ip { 10.0.0.0/8 }`],
    ['has a rule too many', `insert rule inet ip-masq ${OLD} accept`],
  ])('an old policy that %s: CHECK finds it, and sync moves its pods', async (_, change) => {
    await node.sh(`nft '${change}'`)
    expect((await call('CHECK', a)).json).toMatchObject({
      code: 101,
      details: expect.stringContaining(`the verdict of 10.244.1.7 is "goto ${OLD}", not "goto policy-`),
    })
    expect((await network.command('sync')).lines).toContain('2 attachments, 2 changed')
    const [policy = '', ...others] = await policies()
    expect([policy !== OLD, others]).toEqual([true, []])
    for (const one of [a, b]) expect(await call('CHECK', one)).toMatchObject({ status: 0, stderr: '' })
    await collectGarbage('a', 'b')
    expect(await namesOfPolicies()).toEqual([policy, `${policy}-ip`, `${policy}-ip6`])
  })

  test('a list that changed moves them as ever', async () => {
    await network.writeConflist({ nonMasqueradeCIDRs: ['10.0.0.0/8'] })
    expect((await network.command('sync')).lines).toContain('2 attachments, 2 changed')
    expect(await policies()).not.toContain(OLD)
    expect(await podAddresses(node)).toHaveLength(4)
  })

  test.each([
    ['DEL', a],
    ['DEL without prevResult', withoutPrevResult('a')],
  ])('%s removes what is the pod’s alone', async (_, options) => {
    const before = await readTable(node)
    expect(await call('DEL', options)).toMatchObject({ status: 0, stderr: '' })
    const after = await readTable(node)
    expect(Object.keys(after?.pods ?? {})).toEqual(['10.244.1.8', 'fd00:244:1::8'])
    expect({ sets: after?.sets, rules: after?.rules }).toEqual({ sets: before?.sets, rules: before?.rules })
    expect(await call('CHECK', b)).toMatchObject({ status: 0, stderr: '' })
  })
})

describe('an address that another attachment holds', () => {
  const other = (containerID: string, netns: string): PluginCall => ({
    containerID,
    config: configWith(['10.244.1.7/24'], { name: 'other' }),
    environment: { CNI_NETNS: netns },
  })

  test('of the same network is taken over', async () => {
    await succeed(node, 'ADD', pod('a', '10.244.1.7/24'))
    expect(await call('ADD', pod('b', '10.244.1.7/24'))).toMatchObject({ status: 0, stderr: '' })
  })

  test('of another network, whose pod runs, is refused, and both are named', async () => {
    await succeed(node, 'ADD', pod('a', '10.244.1.7/24'))
    const before = await readTable(node)
    const { json } = await call('ADD', other('b', node.path))
    expect(json).toMatchObject({
      code: 11,
      msg: 'Cannot install the rules of b eth0 in network other: its address 10.244.1.7 belongs to (a eth0) of network cbr0',
      details: expect.stringContaining('ip-masq gc'),
    })
    expect(await readTable(node)).toEqual(before)
    // Its own DEL, and that of the one that was refused, take away what is theirs.
    await succeed(node, 'DEL', other('b', node.path))
    expect(await podAddresses(node)).toEqual(['10.244.1.7'])
  })

  test('of another network, whose network namespace is gone, is taken over', async () => {
    await succeed(node, 'ADD', {
      ...pod('a', '10.244.1.7/24'),
      environment: { CNI_NETNS: `${node.path}-gone` },
    })
    expect(await call('ADD', other('b', node.path))).toMatchObject({ status: 0, stderr: '' })
    expect((await readTable(node))?.comments['::ffff:10.244.1.7']).toContain(' other b eth0 ')
  })

  describe('of another network, by a version that recorded no namespace', () => {
    const address = `10.203.${(process.pid >> 8) & 255}.${process.pid & 255}`
    const addOld = async () => {
      const config = configWith([`${address}/24`])
      await succeed(node, 'ADD', { containerID: 'a', config, environment: { CNI_NETNS: '-' } })
    }
    const renamed: PluginCall = {
      containerID: 'b',
      config: configWith([`${address}/24`], { name: 'other' }),
      environment: { CNI_NETNS: '/run/netns/none' },
    }
    /** Nothing is named in /run/netns, so that all namespaces are seen by their processes. */
    const before = 'umount -l /run/netns 2>/dev/null || true; mount -t tmpfs none /run/netns'

    test('is taken over where no other namespace has the address', async () => {
      await addOld()
      expect(await call('ADD', { ...renamed, before })).toMatchObject({ status: 0, stderr: '' })
    })

    test('is refused while a process is in a namespace that has it', async () => {
      await addOld()
      const holder = await createNamespace('holder')
      try {
        await holder.sh(`ip address add ${address}/24 dev lo`)
        holder.start('sleep', 'infinity')
        expect((await call('ADD', { ...renamed, before })).json).toMatchObject({ code: 11 })
      } finally {
        await holder.delete()
      }
    })

    test('is refused where a namespace cannot be looked into', async () => {
      await addOld()
      // Without a process, as that of a Kata pod.
      const unseen = await createNamespace('unseen')
      try {
        expect((await call('ADD', renamed)).json).toMatchObject({ code: 11 })
      } finally {
        await unseen.delete()
      }
    })
  })
})

describe('what somebody else wrote into our table', () => {
  test('an element that accepts a pod’s packets: ADD replaces it and says so', async () => {
    await succeed(node, 'ADD', pod('a', '10.244.1.8/24'))
    await node.sh('nft add element inet ip-masq pods-ip { 10.244.1.7 : accept }')
    expect(await call('ADD', pod('b', '10.244.1.7/24'))).toMatchObject({
      status: 0,
      stderr: `${PREFIX}replaced the element 10.244.1.7 : accept of map pods-ip, which no attachment owned`,
    })
    expect(await call('CHECK', pod('b', '10.244.1.7/24'))).toMatchObject({ status: 0, stderr: '' })
  })

  test('the same, of a pod that has an owner: sync mends it; of nobody: sync names it', async () => {
    await network.add('a', ['10.244.1.7/24'])
    await node.sh(`nft delete element inet ip-masq pods-ip { 10.244.1.7 }
      nft add element inet ip-masq pods-ip { 10.244.1.7 : accept, 10.9.9.9 : accept }`)
    const { status, lines } = await network.command('sync')
    expect(status).toBe(1)
    expect(lines).toContain(
      'error: map pods-ip: 10.9.9.9 : accept belongs to no attachment; remove it with "nft delete element inet ip-masq pods-ip { 10.9.9.9 }"',
    )
    expect((await readTable(node))?.pods['10.244.1.7']).toMatch(/^policy-/)
  })

  test.each(['owners', 'pods-ip', 'pods-ip6', 'attachments'])(
    'a map %s of another type: ADD replaces it, and says so',
    async (map) => {
      await node.sh(
        `nft add table inet ip-masq; nft add map inet ip-masq ${map} '{ type ipv4_addr : ipv4_addr; }'`,
      )
      const reply = await call('ADD', pod('a', '10.244.1.7/24', 'fd00::7/64'))
      expect(reply.status).toBe(0)
      expect(reply.stderr).toContain(`replaced map ${map}, which had the wrong type`)
      expect(await call('CHECK', pod('a', '10.244.1.7/24', 'fd00::7/64'))).toMatchObject({ status: 0 })
    },
  )

  test('a map of another type: sync mends it, and restores what it held', async () => {
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await node.sh(`nft -f - <<< 'flush chain inet ip-masq nat-postrouting
      delete map inet ip-masq pods-ip6
      add map inet ip-masq pods-ip6 { type ipv6_addr : ipv6_addr; }'`)
    const { lines } = await network.command('sync')
    expect(lines).toContain('repaired map pods-ip6: wrong type')
    expect(await podAddresses(node)).toEqual(['10.244.1.7', 'fd00::7'])
    expect(await network.command('sync')).toMatchObject({ status: 0, lines: ['1 attachment, nothing to do'] })
  })

  test('a slot that a GC has found without an owner stays where its attachment gets the address again', async () => {
    const slot = {
      digest: attachmentDigest({ containerID: 'a', ifname: 'eth0' }),
      slot: 0,
      address: parseAddress('10.244.1.7'),
    }
    const read = { ...NO_TABLE, slots: [slot] }
    const script = renderTransaction(mendSlots(read).transaction)
    expect(script).toContain('attachments')
    await succeed(node, 'ADD', pod('a', '10.244.1.7/24', 'fd00::7/64'))
    await expect(node.sh(`nft -f - <<< '${script}'`)).rejects.toThrow(/File exists|Device or resource busy/)
    expect(Object.values((await readTable(node))?.slots ?? {}).sort()).toEqual([
      '::ffff:10.244.1.7',
      'fd00::7',
    ])
    // Where somebody else has the address by then, the slot does no harm.
    const addresses = [{ address: slot.address, owner: digitsOf(parseAddress('aaaa::1')) }]
    const slots = [slot, { ...slot, digest: 'aaaa'.padEnd(24, '0') }]
    expect(mendSlots({ ...read, addresses, slots }).transaction).toEqual([])
  })

  test('a second ADD takes away what a sync gives back beside it: a stale slot is no licence', async () => {
    await succeed(node, 'ADD', pod('a', '10.244.1.7/24'))
    const { owners: held, pods } = (await readTable(node)) ?? {}
    const restore = `add element inet ip-masq owners { ::ffff:10.244.1.7 : ${held?.['::ffff:10.244.1.7']} }
      add element inet ip-masq pods-ip { 10.244.1.7 : goto ${pods?.['10.244.1.7']} }`
    // The address is lost, and its slot stays.
    await node.sh(`nft delete element inet ip-masq owners '{ ::ffff:10.244.1.7 }'
      nft delete element inet ip-masq pods-ip '{ 10.244.1.7 }'`)
    const reply = await callBeside('ADD', pod('a', '10.244.1.8/24'), { before: 1, script: restore })
    expect(reply).toMatchObject({ status: 0 })
    const { owners: left, slots } = (await readTable(node)) ?? {}
    expect({ owners: Object.keys(left ?? {}), slots: Object.values(slots ?? {}) }).toEqual({
      owners: ['::ffff:10.244.1.8'],
      slots: ['::ffff:10.244.1.8'],
    })
    expect(await podAddresses(node)).toEqual(['10.244.1.8'])
  })

  test('sync restores an address for which somebody else has a stale slot, and takes that away', async () => {
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await node.sh(`nft add element inet ip-masq attachments '{ 5be1:: : ::ffff:10.244.1.7 }'
      nft delete element inet ip-masq owners '{ ::ffff:10.244.1.7 }'
      nft delete element inet ip-masq pods-ip '{ 10.244.1.7 }'`)
    const { status, lines } = await network.command('sync')
    expect({ status, lines }).toEqual({
      status: 0,
      lines: [
        'repaired map attachments: unexpected elements of 1 attachment without rules',
        'restored shop/a (a eth0, network cbr0): 10.244.1.7',
        '1 attachment, 1 changed',
      ],
    })
    const { owners: held, slots } = (await readTable(node)) ?? {}
    expect(Object.keys(held ?? {}).sort()).toEqual(['::ffff:10.244.1.7', 'fd00::7'])
    expect(Object.values(slots ?? {}).sort()).toEqual(['::ffff:10.244.1.7', 'fd00::7'])
  })

  test('an ADD that takes an address over takes its slot from the holder, and leaves the others', async () => {
    await succeed(node, 'ADD', pod('a', '10.244.1.7/24', '10.244.1.9/24', 'fd00::7/64'))
    await succeed(node, 'ADD', pod('b', '10.244.1.7/24'))
    const [a, b] = ['a', 'b'].map((containerID) => attachmentDigest({ containerID, ifname: 'eth0' }))
    const { slots = {} } = (await readTable(node)) ?? {}
    const slotsOf = (digest = '') =>
      Object.keys(slots)
        .filter((key) => digitsOf(parseAddress(key)).startsWith(digest))
        .map((key) => slots[key])
    expect({ a: slotsOf(a), b: slotsOf(b) }).toEqual({
      a: ['::ffff:10.244.1.9', 'fd00::7'],
      b: ['::ffff:10.244.1.7'],
    })
    expect(await call('CHECK', pod('b', '10.244.1.7/24'))).toMatchObject({ status: 0, stderr: '' })
    await succeed(node, 'DEL', withoutPrevResult('a'))
    expect(await owners()).toEqual(['::ffff:10.244.1.7'])
    await succeed(node, 'DEL', withoutPrevResult('b'))
    expect(await owners()).toEqual([])
  })

  test('a DEL takes away what an ADD of its pod takes over beside it: a stale slot is no licence', async () => {
    await succeed(node, 'ADD', pod('a', '10.244.1.7/24'))
    const { owners: held, slots } = (await readTable(node)) ?? {}
    await succeed(node, 'ADD', pod('b', '10.244.1.7/24'))
    const { owners: taken } = (await readTable(node)) ?? {}
    // An ADD of an older version left it.
    const [slot] = Object.keys(slots ?? {})
    await node.sh(
      `nft add element inet ip-masq attachments '{ ${slot} comment "1 1 a -" : ::ffff:10.244.1.7 }'`,
    )
    const takeBack = `delete element inet ip-masq owners { ::ffff:10.244.1.7 }
      add element inet ip-masq owners { ::ffff:10.244.1.7 : ${held?.['::ffff:10.244.1.7']} }`
    expect(taken).not.toEqual(held)
    // The first one is for all of the attachment, and is refused because another pod has the address.
    const beside = { before: 2, script: takeBack }
    expect(await callBeside('DEL', withoutPrevResult('a'), beside)).toMatchObject({ status: 0 })
    expect((await readTable(node))?.owners).toEqual({})
    expect(await podAddresses(node)).toEqual([])
  })

  test('the base chain without its rules: an ADD of a new policy mends it', async () => {
    await succeed(node, 'ADD', pod('a', '10.244.1.7/24'))
    await node.sh('nft flush chain inet ip-masq nat-postrouting')
    const config = configWith(['10.244.1.8/24'], { nonMasqueradeCIDRs: ['192.0.2.0/24'] })
    await succeed(node, 'ADD', { containerID: 'b', config })
    expect(await call('CHECK', pod('a', '10.244.1.7/24'))).toMatchObject({ status: 0, stderr: '' })
  })

  test('a map attachments whose elements vanish is one of another type', async () => {
    await network.add('a', ['10.244.1.7/24'])
    await node.sh(`nft -f - <<< 'delete map inet ip-masq attachments
      add map inet ip-masq attachments { type ipv6_addr : ipv6_addr; flags timeout; timeout 1h; }'`)
    expect((await call('CHECK', pod('a', '10.244.1.7/24'))).json).toMatchObject({
      details: expect.stringContaining('map attachments: wrong type'),
    })
    expect((await network.command('sync')).lines).toContain('repaired map attachments: wrong type')
    expect(await call('CHECK', pod('a', '10.244.1.7/24'))).toMatchObject({ status: 0 })
  })

  describe.each([
    ['without intervals', 'set', '{ type ipv4_addr; }'],
    ['of another key', 'set', '{ type ipv6_addr; flags interval; }'],
    ['that is a map', 'map', '{ type ipv4_addr : verdict; }'],
  ])('a set of a policy %s', (_, kind, type) => {
    const spoil = async () => {
      const chain = (await readTable(node))?.pods['10.244.1.7'] ?? ''
      await node.sh(`nft -f - <<< 'flush chain inet ip-masq ${chain}
        delete set inet ip-masq ${chain}-ip
        add ${kind} inet ip-masq ${chain}-ip ${type}'`)
      return `${chain}-ip`
    }

    test('CHECK names it, and sync mends it', async () => {
      await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
      const set = await spoil()
      const { json } = await call('CHECK', pod('a', '10.244.1.7/24', 'fd00::7/64'))
      expect(json).toMatchObject({ details: expect.stringContaining(`set ${set}: wrong type`) })
      const { lines } = await network.command('sync')
      expect(lines).toContain(`repaired set ${set}: wrong type`)
      expect(await network.command('sync')).toMatchObject({
        status: 0,
        lines: ['1 attachment, nothing to do'],
      })
      expect(await call('CHECK', pod('a', '10.244.1.7/24', 'fd00::7/64'))).toMatchObject({ status: 0 })
    })

    test('an ADD that finds no chain of the policy replaces it, and says so', async () => {
      const own = pod('a', '10.244.1.7/24', 'fd00::7/64')
      await call('ADD', own)
      const set = await spoil()
      await call('DEL', own)
      await node.sh(`nft delete chain inet ip-masq ${set.replace(/-ip$/, '')}`)
      const reply = await call('ADD', own)
      expect(reply).toMatchObject({ status: 0 })
      expect(reply.stderr).toContain(`replaced set ${set}, which had the wrong type`)
      expect(await call('CHECK', own)).toMatchObject({ status: 0, stderr: '' })
    })
  })

  // The tombstone and the slots are written there, and cannot be.
  describe.each([
    ['without timeouts', "'{ type ipv6_addr : ipv6_addr; }'"],
    ['of another key', "'{ type ipv4_addr : verdict; }'"],
    ['of another value', "'{ type ipv6_addr : verdict; }'"],
    ['that is not there', undefined],
  ])('a map attachments %s', (_, type) => {
    test.each([
      ['with prevResult', pod('a', '10.244.1.7/24', 'fd00::7/64')],
      ['without prevResult', withoutPrevResult('a')],
    ])('a DEL %s removes the rules all the same', async (_, del) => {
      await succeed(node, 'ADD', pod('a', '10.244.1.7/24', 'fd00::7/64'))
      await succeed(node, 'ADD', pod('b', '10.244.1.8/24'))
      await node.sh('nft delete map inet ip-masq attachments')
      if (type) await node.sh(`nft add map inet ip-masq attachments ${type}`)
      expect(await call('DEL', del)).toMatchObject({ status: 0, stderr: '' })
      expect(await podAddresses(node)).toEqual(['10.244.1.8'])
      expect(await owners()).toEqual(['::ffff:10.244.1.8'])
    })
  })

  test('a DEL removes slots and rules where a tombstone is refused', async () => {
    await succeed(node, 'ADD', pod('a', '10.244.1.7/24'))
    const map = await node.sh('nft list map inet ip-masq attachments')
    await node.sh(`nft delete map inet ip-masq attachments
      nft -f - <<< '${map.replace(/flags timeout/, '')}'`)
    expect(await call('DEL', withoutPrevResult('a'))).toMatchObject({ status: 0, stderr: '' })
    expect(await readTable(node)).toMatchObject({ pods: {}, owners: {}, slots: {} })
  })

  test('a base chain: CHECK judges our own rules, and names it', async () => {
    await succeed(node, 'ADD', pod('a', '10.244.1.7/24'))
    await node.sh("nft add chain inet ip-masq early '{ type nat hook postrouting priority 90; }'")
    expect(await call('CHECK', pod('a', '10.244.1.7/24'))).toMatchObject({
      status: 0,
      stderr: `${PREFIX}chain early: unexpected base chain`,
    })
  })
})

test('CHECK passes while somebody else changes the ruleset all the time', async () => {
  // nft reads far more than CHECK needs, and begins again at each change.
  const pause = process.env.IP_MASQ_CARRIER === 'nft' ? 'sleep 0.02' : ':'
  await succeed(node, 'ADD', pod('a', '10.244.1.7/24', 'fd00::7/64'))
  await node.sh("nft add table inet busy; nft add set inet busy s '{ type ipv4_addr; }'")
  const busy = node.start(
    'bash',
    '-c',
    `while :; do echo "add element inet busy s { 10.0.0.1 }"; echo "delete element inet busy s { 10.0.0.1 }"; ${pause}; done | nft -i >/dev/null 2>&1`,
  )
  try {
    for (let i = 0; i < 5; i++)
      expect(await call('CHECK', pod('a', '10.244.1.7/24', 'fd00::7/64'))).toMatchObject({
        status: 0,
        stderr: '',
      })
    await node.sh('nft delete element inet ip-masq pods-ip6 { fd00::7 }')
    expect((await call('CHECK', pod('a', '10.244.1.7/24', 'fd00::7/64'))).json).toMatchObject({
      code: 101,
      details: 'map pods-ip6: missing element fd00::7',
    })
  } finally {
    busy.kill('SIGKILL')
  }
})

/** A call by nft. Somebody else runs a script just before the call's n-th transaction that deletes slots. */
async function callBeside(
  verb: string,
  request: PluginCall,
  { before, script }: { readonly before: number; readonly script: string },
) {
  const directory = await mkdtemp(join(tmpdir(), 'ip-masq-layout-'))
  const nft = `#!/bin/bash
    PATH=/usr/sbin:/usr/bin:/bin:/sbin; input=$(cat)
    if [[ $input == *"delete element inet ip-masq attachments"* ]]; then
      echo >> ${directory}/count
      if [ $(wc -l < ${directory}/count) = ${before} ]; then touch ${directory}/done; nft -f - <<< '${script}'; fi
    fi
    exec nft "$@" <<< "$input"`
  await writeFile(join(directory, 'nft'), nft, { mode: 0o755 })
  try {
    const environment = { PATH: directory, IP_MASQ_CARRIER: 'nft' }
    const reply = await call(verb, { ...request, environment })
    await expect(access(join(directory, 'done'))).resolves.toBeUndefined()
    return reply
  } finally {
    await rm(directory, { recursive: true })
  }
}
