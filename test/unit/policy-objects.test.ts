import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { policyName } from '../../src/backend/nftables/policy-name'
import { policyObjects } from '../../src/backend/nftables/policy-objects'
import { renderLine, renderRule } from '../../src/backend/nftables/render'
import { parseRule } from '../../src/backend/nftables/text/rules'
import { intentOf } from '../../src/config/intent'
import { parseConfig } from '../../src/config/parse'
import { NO_SOURCES } from '../../src/config/settings'
import { decidePolicy } from '../../src/policy/decide'
import { rangesIn } from '../../src/policy/range'

/** Situations of ip-masq-agent's TestWriteMasqRules: its chances to 12 digits, in nft's words. */

const translations = (config: Record<string, unknown>) => {
  const intent = intentOf({ config: parseConfig(config), sources: NO_SOURCES }, '')
  const { chains } = policyObjects(decidePolicy(intent, []), 'p')
  return chains.flatMap(({ rules }) => rules).filter((rule) => rule.do === 'translate')
}

/** The chance that a rule takes what gets to it, and its ports; the last rule is for other protocols. */
const chances = (toPorts: string) =>
  translations({ toPorts })
    .filter(({ ports }) => ports?.protocol === 'udp')
    .map(({ ports }) => [
      ports?.draw ? ports.draw.below / ports.draw.of : 1,
      renderRule({ do: 'translate', ...(ports && { ports }), fullyRandom: false }).split(':')[1],
    ])

test('a name is the hash of the sets and chains as JSON', () => {
  const config = {
    nonMasqueradeCIDRs: ['10.0.0.0/8', '192.0.2.1/32', '255.0.0.0/8', 'fd00::/8'],
    outInterfaces: ['eth0', 'bond+'],
    toPorts: '1024-29999,32768-65535',
    snatTo: { ipv4: '192.0.2.10' },
  }
  const policy = decidePolicy(intentOf({ config: parseConfig(config), sources: NO_SOURCES }, ''), [])
  const { sets, chains } = policyObjects(policy, '')
  const lists = sets.map(({ name, ranges }) => [
    name,
    rangesIn(ranges)
      .map(({ first, end }) => first + end)
      .join(''),
  ])
  const hash = createHash('sha256')
    .update(JSON.stringify([lists, chains]))
    .digest('hex')
  expect(policyName(policy)).toBe(`policy-${hash.slice(0, 16)}`)
})

describe('toPorts', () => {
  test('none: one rule', () => {
    expect(translations({}).map(renderRule)).toEqual(['masquerade fully-random'])
    expect(translations({ randomFully: false }).map(renderRule)).toEqual(['masquerade'])
  })

  test('one range: a rule for each protocol, and one for the others', () => {
    expect(translations({ toPorts: '1024-29999' }).map(renderRule)).toEqual([
      'meta l4proto tcp masquerade to :1024-29999 fully-random',
      'meta l4proto udp masquerade to :1024-29999 fully-random',
      'meta l4proto sctp masquerade to :1024-29999 fully-random',
      'masquerade fully-random',
    ])
  })

  test.each([
    ['1024-29999,32768-65535', [0.469292562840114, 1], ['1024-29999', '32768-65535']],
    [
      '1024-29999,32768-49151,61000-65535',
      [0.5807279140612474, 0.7831739961759082, 1],
      ['1024-29999', '32768-49151', '61000-65535'],
    ],
    ['1024,65535', [0.5, 1], ['1024', '65535']],
  ])('%s: weighted by size', (toPorts, expected, ports) => {
    const found = chances(toPorts)
    expect(found.map(([, range]) => range)).toEqual(ports)
    for (const [i, [chance]] of found.entries()) expect(chance).toBeCloseTo(expected[i] ?? 0, 12)
  })
})

describe('a rule as nft prints it', () => {
  test.each([
    ['snat ip to 192.0.2.8/29 fully-random', 'snat ip to 192.0.2.8-192.0.2.15 fully-random'],
    ['snat ip6 to 2001:db8::/125', 'snat ip6 to 2001:db8::-2001:db8::7'],
    [
      'meta l4proto udp snat ip6 to 2001:db8::/125:1024-2000 fully-random',
      'meta l4proto udp snat ip6 to [2001:db8::]-[2001:db8::7]:1024-2000 fully-random',
    ],
    [
      'meta l4proto udp snat ip to 192.0.2.8/29:1024',
      'meta l4proto udp snat ip to 192.0.2.8-192.0.2.15:1024',
    ],
    ['snat ip to 192.0.2.8', 'snat ip to 192.0.2.8'],
    ['snat ip to ip saddr', 'snat ip to ip saddr'],
    ['masquerade to :1024-2000 fully-random', 'masquerade to :1024-2000 fully-random'],
  ])('%s is ours: %s', (printed, ours) => {
    expect(renderLine(parseRule(printed))).toBe(ours)
  })
})
