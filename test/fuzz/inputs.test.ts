import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAttachment } from '../../src/cni/attachment'
import { readNetworks } from '../../src/cni/conflists'
import { CniError } from '../../src/cni/error'
import { parseConfigText } from '../../src/cni/json'
import { readResultCache } from '../../src/cni/result-cache'
import { wantedAttachments } from '../../src/sync/wanted-attachments'
import { parseHint } from '../../src/verbs/del'
import { parseWanted } from '../../src/verbs/read-wanted'
import { junk, mutate } from '../lab/configs'
import { configWith, resultWith } from '../lab/plugin'

/** What runtimes and libcni hand in, damaged in every way: it is read, or refused with a reason. */

const path = fc.array(fc.nat(100), { minLength: 1, maxLength: 6 })

/** Changed in a few places. */
const damaged = (value: unknown) =>
  fc
    .array(fc.tuple(path, junk), { minLength: 1, maxLength: 3 })
    .map((changes) => changes.reduce((whole, [at, replacement]) => mutate(whole, at, replacement), value))

const addresses = ['10.244.1.7/24', 'fd00::7/64']
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

test('prevResult: of an ADD and of a DEL', async () => {
  const outcomes = { read: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(damaged(resultWith(addresses)), async (prevResult) => {
      const text = JSON.stringify({ ...configWith(), prevResult }) ?? ''
      const config = parseConfigText(text)
      const { warnings } = parseHint(() => config, 'eth0')
      try {
        await parseWanted('ADD', { CNI_CONTAINERID: 'c', CNI_IFNAME: 'eth0' }, config)
        outcomes.read += 1
        expect(warnings).toEqual([])
      } catch (error) {
        if (!(error instanceof CniError)) throw error
        outcomes.refused += 1
        expect(error.reason).toBe('invalidConfig')
        expect(error.message).toMatch(/^Cannot (use|work) [^\n]+$/)
      }
      // A DEL goes on, whatever it is.
      for (const warning of warnings) expect(warning).not.toContain('defect')
    }),
    { numRuns: 3_000 },
  )
  expect(outcomes.read).toBeGreaterThan(300)
  expect(outcomes.refused).toBeGreaterThan(300)
})

test('CNI_ARGS', () => {
  const piece = fc.oneof(
    fc.constantFrom('K8S_POD_NAMESPACE', 'K8S_POD_NAME', '=', ';', 'shop', '__proto__', 'IgnoreUnknown=1'),
    fc.string({ unit: 'binary', maxLength: 10 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const { pod, namespace } = parseAttachment({ CNI_ARGS: pieces.join('') }, 'cbr0')
      expect(typeof pod).toBe('string')
      expect(typeof namespace).toBe('string')
    }),
    { numRuns: 3_000 },
  )
})

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ip-masq-inputs-'))
  mkdirSync(join(directory, 'results'))
  mkdirSync(join(directory, 'net.d'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const conflist = {
  ...{ cniVersion: '1.0.0', name: 'cbr0' },
  plugins: [{ type: 'bridge' }, { type: 'ip-masq', nonMasqueradeCIDRs: ['10.0.0.0/8'] }],
}

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '').toString('base64')

const entry = {
  ...{
    kind: 'cniCacheV1',
    containerId: 'c1',
    ifName: 'eth0',
    networkName: 'cbr0',
    netns: '/var/run/netns/x',
  },
  config: base64(conflist),
  cniArgs: [['K8S_POD_NAMESPACE', 'shop']],
  capabilityArgs: { nonMasqueradeCIDRs: ['192.0.2.0/24'] },
  result: resultWith(addresses),
}

const entries = fc.oneof(
  damaged(entry),
  damaged(conflist).map((config) => ({ ...entry, config: base64(config) })),
  damaged(entry.result).map((result) => ({ ...entry, result })),
)

/** A file as it may be after a power loss, or as another program wrote it. */
const files = fc.oneof(
  { weight: 5, arbitrary: entries.map((one) => JSON.stringify(one) ?? '') },
  fc.tuple(entries, fc.nat(1000)).map(([one, length]) => (JSON.stringify(one) ?? '').slice(0, length)),
  fc.string({ unit: 'binary', maxLength: 100 }),
)

const names = fc.constantFrom('cbr0-c1-eth0', 'cbr0-c2-eth0', '-', '---', 'x', 'cbr0--', 'other-a-b-c-d-e')

test('the result cache and the conflists', async () => {
  const counts = { wanted: 0, unreadable: 0 }
  const fill = (folder: string, contents: readonly (readonly [string, string])[]) => {
    for (const name of readdirSync(join(directory, folder))) rmSync(join(directory, folder, name))
    for (const [name, text] of contents) writeFileSync(join(directory, folder, name), text)
  }
  const conflists = fc.oneof(
    damaged(conflist).map((one) => JSON.stringify(one) ?? ''),
    files,
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(names, files), { maxLength: 4 }), conflists, async (cached, conf) => {
      fill('results', cached)
      fill('net.d', [['10-pods.conflist', conf]])
      const cache = readResultCache([directory])
      const named = new Set(cached.map(([name]) => name))
      // No file is passed over in silence.
      expect(cache.attachments.length + cache.unreadable.length).toBe(named.size)
      counts.unreadable += cache.unreadable.length
      const confDir = join(directory, 'net.d')
      const { wanted, warnings, errors } = await wantedAttachments(cache, readNetworks(confDir), confDir)
      counts.wanted += wanted.length
      for (const line of [...warnings, ...errors]) expect(line).not.toMatch(/defect|TypeError|undefined/)
      for (const { addresses: own, attachment } of wanted) {
        expect(isObject(attachment)).toBe(true)
        expect(own.length).toBeLessThanOrEqual(addresses.length + 1)
      }
    }),
    { numRuns: 600 },
  )
  expect(counts.wanted).toBeGreaterThan(60)
  expect(counts.unreadable).toBeGreaterThan(60)
})
