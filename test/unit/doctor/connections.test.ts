import { describe, expect, test } from 'vitest'
import { checkLosses, checkTableSize } from '../../../src/doctor/conntrack'
import { parseCounters } from '../../../src/doctor/counters'
import { checkSourcePorts, crowdCounter, isWorthALook, portsOf } from '../../../src/doctor/source-ports'
import { parseAddress } from '../../../src/policy/address-text'
import { parsePorts } from '../../../src/policy/ports'

describe('the table of connections', () => {
  test.each([
    [0, 262_144, 'ok'],
    [209_715, 262_144, 'ok'],
    [209_716, 262_144, 'warning'],
    [249_036, 262_144, 'warning'],
    [249_037, 262_144, 'error'],
    // No limit.
    [1_000_000, 0, 'ok'],
  ])('%d of %d: %s', (count, max, level) => {
    expect(checkTableSize({ count, max })).toMatchObject([
      { check: 'conntrack-table', level, what: `${count} of ${max} connections are tracked` },
    ])
  })

  test('that is full', () => {
    expect(checkTableSize({ count: 1000, max: 1000 })).toEqual([
      {
        check: 'conntrack-table',
        level: 'error',
        what: '1000 of 1000 connections are tracked',
        why: 'when the table is full, the first packet of every new connection is dropped (dmesg: "nf_conntrack: table full, dropping packet")',
        mend: 'sysctl -w net.netfilter.nf_conntrack_max=2000, and the same in a file in /etc/sysctl.d; conntrack -S shows what is dropped',
      },
    ])
  })

  test('that there is not', () => {
    expect(checkTableSize(undefined)).toMatchObject([
      { level: 'note', what: 'the kernel tracks no connections yet' },
    ])
  })
})

const STAT = `entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart
0000000a  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000010 00000001 00000000 00000000  00000000 00000000 00000000 00000000
0000000a  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 0000000f 00000000 00000000 00000000  00000000 00000000 00000000 00000000
`

describe('packets that conntrack lost', () => {
  const none = parseCounters(
    STAT.replace('00000010', '00000000').replace('0000000f', '00000000').replace('00000001', '00000000'),
  )
  const some = parseCounters(STAT)
  const more = parseCounters(STAT.replace('00000010', '00000013'))
  const why =
    'packets of new connections were lost: insert_failed: another connection had the same addresses and ports by then, or no source port was free; drop: the packet was dropped for that reason, or because the table was full'
  const mend =
    'run conntrack -S again and again to see whether they grow; "randomFully" (the default) and more addresses in "snatTo" make this rarer'

  test('are counted over all processors, in hexadecimal digits', () => {
    expect([some.get('insert_failed'), some.get('drop'), some.get('early_drop')]).toEqual([31, 1, 0])
  })

  test('none', () => {
    expect(checkLosses({ before: none, after: none })).toEqual([
      { check: 'conntrack-losses', level: 'ok', what: 'conntrack has lost no packet of a new connection' },
    ])
  })

  test('some time ago', () => {
    expect(checkLosses({ before: some, after: some })).toEqual([
      {
        check: 'conntrack-losses',
        level: 'note',
        what: 'conntrack has lost packets since the boot: insert_failed 31; drop 1',
        why,
        mend,
      },
    ])
  })

  test('now', () => {
    expect(checkLosses({ before: some, after: more })).toEqual([
      {
        check: 'conntrack-losses',
        level: 'warning',
        what: 'conntrack loses packets now: insert_failed 34, 3 of them while this ran; drop 1',
        why,
        mend,
      },
    ])
  })

  test('in a kernel that does not count them there', () => {
    expect(checkLosses({ before: undefined, after: undefined })).toMatchObject([
      {
        level: 'note',
        what: 'the counters of conntrack cannot be read',
        mend: 'conntrack -S may show them',
      },
    ])
  })
})

describe('source ports', () => {
  const policy = { families: {}, outInterfaces: [], fullyRandom: true, pinExemptions: false }
  const pod = (address: string, ports?: string) => ({
    addresses: [parseAddress(address)],
    policy: { ...policy, toPorts: ports === undefined ? [] : parsePorts(ports) },
  })
  const PORTS = portsOf([
    pod('10.244.1.7', '1024-1123'),
    pod('10.244.1.8'),
    pod('fd00::7', '2000-2009,3000-3009'),
  ])
  const line = (source: string, port: number, { to = '198.51.100.7', from = '192.0.2.1' } = {}) =>
    `ipv4     2 tcp      6 117 TIME_WAIT src=${source} dst=${to} sport=${port} dport=443 src=${to} dst=${from} sport=443 dport=${port} [ASSURED] mark=0 zone=0 use=2`
  const countLines = (...lines: string[]) => {
    const counter = crowdCounter(PORTS)
    for (const one of lines) counter.take(one)
    return counter.crowds()
  }
  const many = (count: number, source: string) =>
    Array.from({ length: count }, (_, i) => line(source, 1024 + i))

  test('of each pod: those of its policy, or all that there are', () => {
    expect([...PORTS]).toEqual([
      ['10.244.1.7', 100],
      ['10.244.1.8', 64_512],
      ['fd00::7', 20],
    ])
  })

  test('are looked at only where so many connections are there', () => {
    expect([15, 16].map((tracked) => isWorthALook(tracked, PORTS))).toEqual([false, true])
    expect([51_609, 51_610].map((tracked) => isWorthALook(tracked, new Map()))).toEqual([false, true])
  })

  test('connections are counted for each protocol, destination, port and address of the node', () => {
    expect(
      countLines(
        line('10.244.1.8', 40_000),
        line('10.244.1.8', 40_001),
        line('10.244.1.8', 40_002, { to: '198.51.100.8' }),
        line('10.244.1.8', 40_003, { from: '192.0.2.2' }),
        // Not masqueraded: the answer goes to the pod.
        line('10.244.1.8', 40_004, { from: '10.244.1.8' }),
        'ipv4     2 icmp     1 29 src=10.244.1.8 dst=198.51.100.7 type=8 code=0 id=7 src=198.51.100.7 dst=192.0.2.1 type=0 code=0 id=7 mark=0 use=1',
        '',
      ).map(({ to, from, connections }) => [to, from, connections]),
    ).toEqual([
      ['198.51.100.7', '192.0.2.1', 2],
      ['198.51.100.8', '192.0.2.1', 1],
      ['198.51.100.7', '192.0.2.2', 1],
    ])
  })

  test('an unreplied connection over IPv6, as the kernel spells it', () => {
    const [pod6, to6, node6] = [
      'fd00:0000:0000:0000:0000:0000:0000:0007',
      '2001:0db8:0000:0000:0000:0000:0000:0001',
      '2001:0db8:0000:0000:0000:0000:0000:0002',
    ]
    expect(
      countLines(
        `ipv6     10 udp      17 28 src=${pod6} dst=${to6} sport=5353 dport=53 [UNREPLIED] src=${to6} dst=${node6} sport=53 dport=2003 mark=0 zone=0 use=2`,
      ),
    ).toEqual([
      {
        protocol: 'udp',
        from: node6,
        to: to6,
        port: '53',
        ports: 20,
        connections: 1,
        busiest: { source: pod6, connections: 1 },
      },
    ])
  })

  test.each([
    [79, 'ok', 'no destination uses up the source ports'],
    [
      80,
      'warning',
      '80 of 100 source ports of 192.0.2.1 are in use towards 198.51.100.7:443 (tcp), 80 of them by 10.244.1.7',
    ],
    [
      95,
      'error',
      '95 of 100 source ports of 192.0.2.1 are in use towards 198.51.100.7:443 (tcp), 95 of them by 10.244.1.7',
    ],
  ])('%d of 100: %s', (count, level, what) => {
    const crowds = countLines(...many(count, '10.244.1.7'), line('10.244.1.8', 50_000))
    expect(checkSourcePorts({ crowds, isPartial: false })).toMatchObject([
      { check: 'source-ports', level, what },
    ])
  })

  test('a list that was too long', () => {
    expect(checkSourcePorts({ crowds: [], isPartial: true })).toEqual([
      { check: 'source-ports', level: 'ok', what: 'no destination uses up the source ports' },
      { check: 'source-ports', level: 'note', what: 'only the first 300000 connections were looked at' },
    ])
  })
})
