import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Inspection, LivePolicy } from '../../src/backend/inspection'
import { CniError } from '../../src/cni/error'
import { endpointOf } from '../../src/commands/table/endpoint'
import { ENDPOINT } from '../../src/commands/table/kinds'
import { watchMetrics } from '../../src/commands/watch-metrics'
import { countCalls } from '../../src/metrics/call-counts'
import { followCallLog } from '../../src/metrics/call-log'
import { renderMetrics } from '../../src/metrics/exposition'
import { FAMILIES } from '../../src/metrics/families'
import { kernelSamples } from '../../src/metrics/kernel'
import { watchCounters } from '../../src/metrics/watch-counters'
import { parseAddress } from '../../src/policy/address-text'
import { parsePrefix } from '../../src/policy/prefix'
import { rangeOf } from '../../src/policy/range'

describe('the text format', () => {
  test('has each metric below its HELP and TYPE, and leaves out those without samples', () => {
    const text = renderMetrics([
      { metric: 'ip_masq_unseen_places', value: 2 },
      { metric: 'ip_masq_policies', labels: { place: 'nftables' }, value: 1 },
      { metric: 'ip_masq_sync_duration_seconds', part: 'sum', value: 0.25 },
      { metric: 'ip_masq_sync_duration_seconds', part: 'count', value: 3 },
    ])
    expect(text).toBe(`# HELP ip_masq_policies Policies: sets of rules that attachments share.
# TYPE ip_masq_policies gauge
ip_masq_policies{place="nftables"} 1
# HELP ip_masq_unseen_places Places (nftables, iptables) that could not be read. The other metrics may count too little because of them.
# TYPE ip_masq_unseen_places gauge
ip_masq_unseen_places 2
# HELP ip_masq_sync_duration_seconds Duration and number of the syncs of this watch.
# TYPE ip_masq_sync_duration_seconds summary
ip_masq_sync_duration_seconds_sum 0.25
ip_masq_sync_duration_seconds_count 3
`)
  })

  test('escapes what would end a label or a line', () => {
    const labels = { network: 'a"b\\c\nip_masq_ready 1' }
    const text = renderMetrics([{ metric: 'ip_masq_attachments', labels, value: 0 }])
    expect(text.split('\n').at(2)).toBe('ip_masq_attachments{network="a\\"b\\\\c\\nip_masq_ready 1"} 0')
    expect(text.split('\n')).toHaveLength(4)
  })
})

describe('names', () => {
  test.each(Object.entries(FAMILIES))('%s follows the conventions', (name, { type, help }) => {
    expect(name).toMatch(/^ip_masq(_[a-z]+)+$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(help).toMatch(/^[A-Z].*[.]$/)
  })
})

/** A policy that exempts these prefixes. */
const policy = (
  name: string,
  place: 'nftables' | 'iptables-nft',
  prefixes: readonly string[],
): LivePolicy => ({
  ...{ name, place, families: ['ip', 'ip6'], isAsNamed: true, foreign: [] },
  policy: {
    families: { ip: { exempt: prefixes.map((prefix) => rangeOf(parsePrefix(prefix))) } },
    ...{ toPorts: [], outInterfaces: [], fullyRandom: true, pinExemptions: false },
  },
})

test('what the kernel has, by network and place', () => {
  const note = {
    ...{ networkDigest: '', epochSeconds: 0, containerID: 'c1', ifname: 'eth0', pod: 'shop/web-1' },
    network: 'cbr0',
  }
  const attachment = { id: 'a', addresses: [], rules: [] }
  const inspection: Inspection = {
    places: [
      { name: 'nftables', isSetUp: true, differences: [] },
      { name: 'iptables-nft', isSetUp: false, differences: [] },
    ],
    attachments: [
      { ...attachment, place: 'nftables', note },
      { ...attachment, place: 'nftables', note },
      { ...attachment, place: 'nftables' },
      { ...attachment, place: 'iptables-nft', note },
    ],
    strays: [{ address: parseAddress('10.244.1.9'), place: 'nftables', foreign: [] }],
    policies: [
      policy('p', 'nftables', ['10.0.0.0/8', '192.168.0.0/16']),
      policy('q', 'nftables', ['10.0.0.0/8']),
    ],
    unseen: ['iptables-legacy: CAP_NET_RAW is missing'],
  }
  const lines = renderMetrics(kernelSamples(inspection, ['cbr0', 'storage']))
    .split('\n')
    .filter((line) => !line.startsWith('#'))
  expect(lines).toEqual([
    'ip_masq_attachments{network="",place="nftables"} 1',
    'ip_masq_attachments{network="cbr0",place="nftables"} 2',
    'ip_masq_attachments{network="storage",place="nftables"} 0',
    'ip_masq_attachments{network="cbr0",place="iptables-nft"} 1',
    'ip_masq_attachments{network="storage",place="iptables-nft"} 0',
    'ip_masq_policies{place="nftables"} 2',
    'ip_masq_policies{place="iptables-nft"} 0',
    'ip_masq_exempt_ranges{place="nftables",family="ipv4"} 3',
    'ip_masq_exempt_ranges{place="nftables",family="ipv6"} 0',
    'ip_masq_exempt_ranges{place="iptables-nft",family="ipv4"} 0',
    'ip_masq_exempt_ranges{place="iptables-nft",family="ipv6"} 0',
    'ip_masq_unowned_addresses{place="nftables"} 1',
    'ip_masq_unowned_addresses{place="iptables-nft"} 0',
    'ip_masq_unseen_places 1',
    '',
  ])
})

describe('what a watch counts', () => {
  /** The lines of a metric. */
  const linesOf = (counters: ReturnType<typeof watchCounters>, metric: string) =>
    renderMetrics(counters.samples())
      .split('\n')
      .filter((line) => line.startsWith(metric))

  const attachment = { containerID: 'c', ifname: 'eth0', network: 'cbr0', pod: '', namespace: '' }
  const change = (what: 'restored' | 'changed') => ({ attachment, what, addresses: [] })
  const pruned = {
    removed: [],
    policies: [],
    failures: [],
    known: [],
    kept: [],
    absent: [],
    doubt: undefined,
  }

  test('is 0 at its start, and says nothing of what it does not know', () => {
    const counters = watchCounters()
    expect(linesOf(counters, 'ip_masq_sync_duration')).toEqual([
      'ip_masq_sync_duration_seconds_sum 0',
      'ip_masq_sync_duration_seconds_count 0',
    ])
    expect(linesOf(counters, 'ip_masq_sync_failures')).toEqual(
      [1, 2, 4, 5, 6, 7, 11, 50, 51, 100, 101, 999].map(
        (code) => `ip_masq_sync_failures_total{code="${code}"} 0`,
      ),
    )
    expect(linesOf(counters, 'ip_masq_drift')).toEqual([])
    expect(linesOf(counters, 'ip_masq_last')).toEqual([])
  })

  test('adds up, and the drift is that of the last sync', () => {
    const counters = watchCounters()
    const found = {
      changes: [change('restored'), change('restored'), change('changed')],
      repairs: ['x'],
      pruned,
    }
    counters.synced({ durationMs: 250, epochSeconds: 1000, found })
    counters.synced({ durationMs: 500, epochSeconds: 1060, found: { changes: [], repairs: [], pruned } })
    expect(linesOf(counters, 'ip_masq_sync_changes')).toEqual([
      'ip_masq_sync_changes_total{change="restored"} 2',
      'ip_masq_sync_changes_total{change="changed"} 1',
      'ip_masq_sync_changes_total{change="removed"} 0',
      'ip_masq_sync_changes_total{change="repaired"} 1',
    ])
    expect(linesOf(counters, 'ip_masq_drift')).toEqual([
      'ip_masq_drift{kind="missing"} 0',
      'ip_masq_drift{kind="altered"} 0',
      'ip_masq_drift{kind="stale"} 0',
      'ip_masq_drift{kind="shared"} 0',
    ])
    expect(linesOf(counters, 'ip_masq_sync_duration')).toEqual([
      'ip_masq_sync_duration_seconds_sum 0.75',
      'ip_masq_sync_duration_seconds_count 2',
    ])
    expect(linesOf(counters, 'ip_masq_last')).toEqual(['ip_masq_last_successful_sync_timestamp_seconds 1060'])
  })

  test('a failure has its code, and leaves the last success and the drift as they were', () => {
    const counters = watchCounters()
    counters.synced({
      ...{ durationMs: 1, epochSeconds: 1000 },
      found: { changes: [change('changed')], repairs: [], pruned },
    })
    counters.synced({ durationMs: 1, epochSeconds: 1060, code: 11 })
    expect(linesOf(counters, 'ip_masq_sync_failures_total{code="11"}')).toEqual([
      'ip_masq_sync_failures_total{code="11"} 1',
    ])
    expect(linesOf(counters, 'ip_masq_last')).toEqual(['ip_masq_last_successful_sync_timestamp_seconds 1000'])
    expect(linesOf(counters, 'ip_masq_drift{kind="altered"}')).toEqual(['ip_masq_drift{kind="altered"} 1'])
  })
})

describe('requests', () => {
  const NOTHING: Inspection = { places: [], attachments: [], strays: [], policies: [], unseen: [] }
  const well = { durationMs: 1, epochSeconds: 0 }

  /** The metrics of a watch whose kernel is looked at by `inspect`; how often that was, and what was written. */
  function watching(inspect: () => Promise<Inspection>) {
    const done = { looks: 0, said: '' }
    const metrics = watchMetrics('/nonexistent', {
      backend: () => ({
        async inspect() {
          done.looks += 1
          return inspect()
        },
      }),
      async writeError(text) {
        done.said += text
      },
    })
    return { metrics, done }
  }

  test('look at the kernel once, however many there are', async () => {
    const { metrics, done } = watching(async () => NOTHING)
    for (let i = 0; i < 10; i++) await Promise.all([metrics.text(new Map()), metrics.text(new Map())])
    for (let i = 0; i < 10; i++) metrics.synced(well)
    expect(done).toEqual({ looks: 1, said: '' })
  })

  test('nobody has made cost nothing', () => {
    const { metrics, done } = watching(async () => NOTHING)
    for (let i = 0; i < 10; i++) metrics.synced(well)
    expect(done.looks).toBe(0)
  })

  test('are answered where the kernel cannot be looked at, and the log says it once', async () => {
    const { metrics, done } = watching(async () => {
      throw new CniError('tryAgain', 'the kernel does not answer')
    })
    const text = await metrics.text(new Map([['sync', false]]))
    await metrics.text(new Map())
    expect(text).toContain('\nip_masq_unseen_places 1\n')
    expect(text).toContain('\nip_masq_ready{loop="sync"} 0\n')
    expect(done).toEqual({ looks: 1, said: 'Cannot look for metrics: the kernel does not answer\n' })
  })

  test('say in the log what was not seen', async () => {
    const { metrics, done } = watching(async () => ({
      ...NOTHING,
      unseen: ['iptables: CAP_NET_RAW is missing'],
    }))
    expect(await metrics.text(new Map())).toContain('\nip_masq_unseen_places 1\n')
    expect(done.said).toBe('Cannot look at everything for metrics: iptables: CAP_NET_RAW is missing\n')
  })
})

describe('the calls in a log', () => {
  test('are counted by verb, and failures by code', () => {
    const counts = countCalls()
    counts.add('{"verb":"ADD","durationMs":1500,"outcome":"ok"}')
    counts.add('{"verb":"ADD","durationMs":500,"outcome":"failed","code":7,"msg":"x"}')
    counts.add('{"verb":"DEL","durationMs":250,"outcome":"ok"}')
    // What we did not write, or half of a line.
    for (const line of [
      '{"verb":"ADD","durat',
      'null',
      '[]',
      '{"verb":"RM","durationMs":1}',
      '{"verb":"ADD"}',
      '',
    ])
      counts.add(line)
    counts.add('{"verb":"ADD","durationMs":0,"code":12345}')
    const text = renderMetrics(counts.samples())
    const lines = text.split('\n').filter((line) => !line.startsWith('#') && !line.endsWith(' 0'))
    expect(lines).toEqual([
      'ip_masq_cni_call_duration_seconds_sum{verb="ADD"} 2',
      'ip_masq_cni_call_duration_seconds_count{verb="ADD"} 3',
      'ip_masq_cni_call_duration_seconds_sum{verb="DEL"} 0.25',
      'ip_masq_cni_call_duration_seconds_count{verb="DEL"} 1',
      'ip_masq_cni_failures_total{code="7"} 1',
      '',
    ])
  })
})

describe('a log that is followed', () => {
  let directory: string
  let path: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ip-masq-metrics-'))
    path = join(directory, 'ip-masq.log')
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  const follow = (fromEnd: boolean) => {
    const log = followCallLog(path, { fromEnd })
    return () => {
      const lines: string[] = []
      log.look((line) => lines.push(line))
      return lines
    }
  }

  test('from its beginning, or from its end', () => {
    writeFileSync(path, 'a\nb\n')
    const [all, later] = [follow(false), follow(true)]
    expect([all(), later()]).toEqual([['a', 'b'], []])
    appendFileSync(path, 'c\n')
    expect([all(), later()]).toEqual([['c'], ['c']])
    expect([all(), later()]).toEqual([[], []])
  })

  test('a line counts once it is whole', () => {
    writeFileSync(path, 'a\nb')
    const look = follow(false)
    expect(look()).toEqual(['a'])
    appendFileSync(path, 'c\n')
    expect(look()).toEqual(['bc'])
  })

  test('a log that is made later counts from its beginning', () => {
    const look = follow(true)
    expect(look()).toEqual([])
    writeFileSync(path, 'a\n')
    expect(look()).toEqual(['a'])
  })

  test('over a rotation, with what came just before it', () => {
    writeFileSync(path, 'a\n')
    const look = follow(false)
    expect(look()).toEqual(['a'])
    appendFileSync(path, 'b\n')
    renameSync(path, `${path}.1`)
    writeFileSync(path, 'c\n')
    expect(look()).toEqual(['b', 'c'])
    expect(look()).toEqual([])
  })

  test('between the two steps of a rotation', () => {
    writeFileSync(path, 'a\n')
    const look = follow(false)
    look()
    appendFileSync(path, 'b\n')
    renameSync(path, `${path}.1`)
    expect(look()).toEqual(['b'])
    writeFileSync(path, 'c\n')
    expect(look()).toEqual(['c'])
  })

  test('that was emptied in its place', () => {
    writeFileSync(path, 'a\nb\n')
    const look = follow(false)
    look()
    truncateSync(path)
    expect(look()).toEqual([])
    appendFileSync(path, 'c\n')
    expect(look()).toEqual(['c'])
  })

  test('with more than fits into one piece, and a line that is longer than one', () => {
    const long = 'x'.repeat(200_000)
    const many = Array.from({ length: 20_000 }, (_, i) => `line ${i}`)
    writeFileSync(path, `${many.join('\n')}\n${long}\nlast\n`)
    const lines = follow(false)()
    expect(lines.slice(0, 20_000)).toEqual(many)
    expect(lines.at(-1)).toBe('last')
  })

  test('that is no file is refused', () => {
    expect(() => follow(false)).not.toThrow()
    rmSync(directory, { recursive: true })
    writeFileSync(directory, '')
    expect(follow(false)()).toEqual([])
    rmSync(directory)
    path = tmpdir()
    expect(follow(false)).toThrow(`${tmpdir()} is not a regular file`)
    directory = mkdtempSync(join(tmpdir(), 'ip-masq-metrics-'))
  })
})

describe('--metrics-address', () => {
  test.each([
    ['192.0.2.1:10299', '192.0.2.1:10299', [192, 0, 2, 1]],
    ['0.0.0.0:80', '0.0.0.0:80', [0, 0, 0, 0]],
    ['[fd00::1]:10299', '[fd00::1]:10299', [0xfd, ...Array(14).fill(0), 1]],
    // $(POD_IP):10299 in a manifest.
    ['fd00::1:10299', '[fd00::1]:10299', [0xfd, ...Array(14).fill(0), 1]],
  ])('%s', (text, shown, bytes) => {
    const endpoint = ENDPOINT.read(text)
    expect(endpoint.text).toBe(shown)
    expect([...endpoint.address]).toEqual(bytes)
    expect(endpoint).toEqual(endpointOf(parseAddress(endpoint.host), endpoint.port))
  })

  test.each([
    '',
    '10299',
    ':10299',
    '192.0.2.1',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    'node:10299',
    'fd00::1',
    '[fd00::1]',
    '1.2.3.4:1:2',
  ])('%j is refused', (text) => {
    const advice = 'write an address and a port, as in 192.0.2.1:10299 or [fd00::1]:10299'
    expect(() => ENDPOINT.read(text)).toThrow(advice)
  })
})
