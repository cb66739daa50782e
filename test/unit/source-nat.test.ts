import { describe, expect, test } from 'vitest'
import type { Flow } from '../../src/foreign/conditions'
import { parseNftRule } from '../../src/foreign/nft-rule'
import { listSourceNat, sourceNatOf } from '../../src/foreign/source-nat'
import { parseAddress } from '../../src/policy/address-text'
import { parsePrefix } from '../../src/policy/prefix'
import { rangeOf } from '../../src/policy/range'

/** Which rules of others a pod's packets meet; that it happens to packets is in test/kernel/foreign.test.ts. */

const FLOW: Flow = {
  source: parseAddress('10.244.1.7'),
  destination: rangeOf(parsePrefix('203.0.113.0/24')),
  inInterface: 'cni0',
  outInterface: 'eth0',
}

/** Chains by name, a rule each; the base chain is `base`. */
type Chains = Readonly<Record<string, readonly string[]>>

const foreignOf = (chains: Chains) => ({
  unseen: [],
  hooks: [
    {
      ...{ place: 'nftables', table: 'ip site', chain: 'base', families: ['ip'] as const, priority: 100 },
      chains: new Map(
        Object.entries(chains).map(([name, rules]) => [
          name,
          rules.flatMap((text) => parseNftRule(text, () => [])),
        ]),
      ),
    },
  ],
})

describe('base chains', () => {
  test.each<[string, Chains, string[]]>([
    ['one rule for all', { base: ['masquerade', 'snat to 192.0.2.1'] }, ['masquerade']],
    [
      'a part before the rest',
      { base: ['tcp dport 80 snat to 192.0.2.1', 'masquerade'] },
      ['perhaps tcp dport 80 snat to 192.0.2.1', 'masquerade'],
    ],
    ['an accept for all', { base: ['ip saddr 10.244.0.0/16 accept', 'masquerade'] }, []],
    ['an accept for a part', { base: ['tcp dport 80 accept', 'masquerade'] }, ['perhaps masquerade']],
    [
      'an accept for a part, in a chain of its own',
      { base: ['tcp dport 80 jump sub', 'masquerade'], sub: ['accept'] },
      ['perhaps masquerade'],
    ],
    [
      'a chain that returns a part, and translates the rest',
      { base: ['jump sub', 'masquerade'], sub: ['tcp dport 80 return', 'snat to 192.0.2.1'] },
      ['perhaps snat to 192.0.2.1', 'masquerade'],
    ],
    ['a program that is asked', { base: ['queue to 1', 'masquerade'] }, []],
    [
      'a chain that nobody could read',
      { base: ['tcp dport 80 jump hidden', 'masquerade'] },
      ['perhaps masquerade'],
    ],
  ])('%s', (_, chains, expected) => {
    const found = sourceNatOf(foreignOf(chains), 'nftables', FLOW)
    expect(found.map(({ text, isCertain }) => `${isCertain ? '' : 'perhaps '}${text}`)).toEqual(expected)
  })

  test('a list has every rule', () => {
    const chains = { base: ['accept', 'jump sub', 'masquerade'], sub: ['return', 'snat to 192.0.2.1'] }
    const found = listSourceNat(foreignOf(chains), 'nftables')
    expect(found.map(({ text, isCertain }) => [text, isCertain])).toEqual([
      ['snat to 192.0.2.1', false],
      ['masquerade', false],
    ])
  })
})
