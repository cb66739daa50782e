import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/cni/json'
import { parseAddress } from '../../src/policy/address-text'
import type { PrimaryFirewall, PrimaryRule } from '../../src/primary/firewall'
import { chainName } from '../../src/primary/names'
import { type Known, type NodeState, takeOver } from '../../src/primary/take-over'

/** Which rules of primary plugins are removed. The firewall is a list here; the kernel ring has the real ones. */

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'ip-masq-ipam-'))
  mkdirSync(join(dataDir, 'pods'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const OURS = { type: 'ip-masq' }
const bridge = (keys: JsonObject = {}) => ({ type: 'bridge', ipam: { type: 'host-local', dataDir }, ...keys })

const ruleOf = (containerID: string, address: string, network = 'pods'): PrimaryRule => ({
  firewall: 'iptables',
  address: parseAddress(address),
  key: chainName({ network, containerID, ifname: 'eth0' }),
  networkKey: network,
  containerID,
  text: `${containerID} ${address}`,
})
const known = (containerID: string, isGone = false, network = 'pods'): Known => ({
  attachment: { containerID, network, ifname: 'eth0' },
  isGone,
})

interface Case extends Partial<Omit<NodeState, 'networks' | 'known' | 'standing'>> {
  readonly plugins?: readonly JsonObject[]
  readonly known?: readonly Known[]
  readonly standing?: readonly string[]
  readonly keep?: boolean
}

/** What is removed of the rules of a network "pods", and why the rest is kept. */
async function judge(rules: readonly PrimaryRule[], one: Case = {}) {
  let isAsked = false
  const firewall: PrimaryFirewall = {
    name: 'iptables',
    keyOf: chainName,
    networkKeyOf: (network) => network,
    list: () => ({ rules, problems: [] }),
    remove: async (removed) => ({ removed, failures: [] }),
  }
  const { removed, kept, failures } = await takeOver(
    async () => {
      isAsked = true
      return [firewall]
    },
    {
      networks: [{ name: 'pods', file: '10.conflist', plugins: one.plugins ?? [bridge(), OURS], places: [] }],
      known: () => one.known ?? [],
      standing: (one.standing ?? []).map((text) => parseAddress(text)),
      isUnused: one.isUnused ?? (() => false),
    },
    { dryRun: false, keep: one.keep ?? false, isThorough: true },
  )
  return { isAsked, removed: removed.map(({ text }) => text), kept: kept.map(({ why }) => why), failures }
}

const A = ruleOf('a', '10.244.1.2')
const REMOVED = { removed: ['a 10.244.1.2'], kept: [] }

describe('nothing is looked for, and nothing removed, of a network', () => {
  test.each<[string, (keys: () => JsonObject) => JsonObject[]]>([
    ['that ip-masq is no part of', () => [bridge()]],
    ['whose bridge masquerades', () => [bridge({ ipMasq: true }), OURS]],
    ['whose ptp masquerades', () => [{ type: 'ptp', ipMasq: true }, OURS]],
    ['whose flannel was told nothing', () => [{ type: 'flannel', delegate: {} }, OURS]],
    ['one of whose plugins masquerades', () => [bridge(), { type: 'ptp', ipMasq: true }, OURS]],
    ['whose primary plugin we do not know', () => [{ type: 'calico' }, OURS]],
  ])('%s', async (_, plugins) => {
    const outcome = await judge([A], { plugins: plugins(bridge), standing: ['10.244.1.2'] })
    expect(outcome).toEqual({ isAsked: false, removed: [], kept: [], failures: [] })
  })
})

describe('a rule goes where', () => {
  test.each<[string, Case]>([
    ['rules of ours stand for the address of its pod', { known: [known('a')], standing: ['10.244.1.2'] }],
    ['they are those of another pod', { known: [known('b')], standing: ['10.244.1.2'] }],
    ['the network namespace of its pod is gone', { known: [known('a', true)] }],
    ['host-local has released its address', {}],
    ['flannel is the one that does not masquerade', { plugins: [flannel(), OURS], standing: ['10.244.1.2'] }],
  ])('%s', async (_, one) => {
    expect(await judge([A], one)).toMatchObject(REMOVED)
  })
  function flannel() {
    return { type: 'flannel', delegate: { ipMasq: false } }
  }

  test('another IPAM plugin gave the address, and no network namespace has it', async () => {
    const plugins = [bridge({ ipam: { type: 'dhcp' } }), OURS]
    const isUnused = () => true
    expect(await judge([A], { plugins, isUnused, known: [known('b')] })).toMatchObject(REMOVED)
    // The runtime keeps the network's attachments where we do not look.
    expect(await judge([A], { plugins, isUnused })).toMatchObject({ removed: [] })
  })

  test('host-local gave the address to another container', async () => {
    writeFileSync(join(dataDir, 'pods', '10.244.1.2'), 'b\r\neth0')
    expect(await judge([A])).toMatchObject(REMOVED)
  })
})

describe('a rule stays, with a reason, where', () => {
  test('its pod is there, and has no rules of ours', async () => {
    expect(await judge([A], { known: [known('a')] })).toMatchObject({
      removed: [],
      kept: ['there are no rules of ours for this address yet'],
    })
  })

  test('two entries have its name, and one may be alive', async () => {
    const both = [known('a', true), known('a'), known('a', true)]
    expect(await judge([A], { known: both })).toMatchObject({ removed: [] })
  })

  test.each([
    ['a\r\neth0', 'its address is reserved for container a'],
    ['a', 'its address is reserved for container a'],
    ['', 'nothing shows that container a is gone'],
  ])('host-local has %j for its address', async (text, why) => {
    writeFileSync(join(dataDir, 'pods', '10.244.1.2'), text)
    expect(await judge([A])).toMatchObject({ removed: [], kept: [why] })
  })

  test.each<[string, JsonObject]>([
    ['another IPAM plugin', { type: 'dhcp' }],
    ['a directory that is missing', { type: 'host-local', dataDir: '/nonexistent' }],
    ['no IPAM plugin', {}],
  ])('nothing is known of its address: %s', async (_, ipam) => {
    expect(await judge([A], { plugins: [bridge({ ipam }), OURS] })).toMatchObject({
      removed: [],
      kept: ['nothing shows that container a is gone'],
    })
  })

  test('the operator wants it: that is a failure for rules that would go, and for no others', async () => {
    const other = ruleOf('a', '10.244.1.2', 'other')
    const chain = { ...ruleOf('c', '10.244.1.3'), address: undefined }
    const outcome = await judge([A, other, chain], { keep: true })
    expect(outcome).toMatchObject({ removed: [], kept: [] })
    expect(outcome.failures).toEqual([
      `10.244.1.2: masquerade rule of the primary plugin (iptables ${A.key}, container a): kept by --keep-primary-rules`,
    ])
  })
})

test('a chain to which nothing jumps goes with its container, and is no news while that is there', async () => {
  const chain = { ...A, address: undefined, text: 'chain' }
  expect(await judge([chain], { known: [known('a')] })).toMatchObject({ removed: [], kept: [] })
  expect(await judge([chain], { known: [known('a', true)] })).toMatchObject({ removed: ['chain'] })
  expect(await judge([chain])).toMatchObject({ removed: ['chain'] })
})

test('the rules of one family do not decide over those of the other', async () => {
  const six = ruleOf('a', 'fd00::2')
  const outcome = await judge([A, six], { known: [known('a')], standing: ['10.244.1.2'] })
  expect(outcome).toMatchObject({
    removed: ['a 10.244.1.2'],
    kept: ['there are no rules of ours for this address yet'],
  })
})
