import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { policyChains } from '../../src/backend/iptables/policy-chains'
import { readPolicy as readChains } from '../../src/backend/iptables/read-policy'
import { renderRule } from '../../src/backend/iptables/render'
import { policyName } from '../../src/backend/nftables/policy-name'
import { policyObjects } from '../../src/backend/nftables/policy-objects'
import { readPolicy as readTable } from '../../src/backend/nftables/read-policy'
import type { Table } from '../../src/backend/nftables/table'
import { FAMILY_NAMES, type Family } from '../../src/policy/address'
import type { FamilyPolicy, Policy } from '../../src/policy/policy'
import { type Range, rangesIn } from '../../src/policy/range'
import { allOf, subtract, union } from '../../src/policy/range-sets'
import { formatEnds, formatRange } from '../../src/policy/range-text'
import { asKept, configsOfPolicies, IPS, policyFor } from '../lab/policies'

/** Policies read back from their rules: what was set up is found again, and what somebody altered is named. */

/** What is set up in nftables, as both carriers read it. */
function tableOf(policy: Policy, name = policyName(policy)): Table {
  const { sets, chains } = policyObjects(policy, name)
  return {
    isDormant: false,
    sets: sets.map((set) => ({
      name: set.name,
      type: { key: set.family, flags: ['interval'] },
      elements: rangesIn(set.ranges),
    })),
    chains: chains.map((chain) => ({ name: chain.name, lines: chain.rules })),
  }
}

function chainsOf(policy: Policy, family: Family): Map<string, string[]> {
  return new Map(policyChains(policy, family).map(({ chain, rules }) => [chain, rules.map(renderRule)]))
}

/** Which destinations are masqueraded, by the source that packets get, and which are pinned. */
function behaviour({ families, pinExemptions }: Policy, family: Family): Record<string, string> {
  const one: FamilyPolicy = families[family] ?? { exempt: allOf(family) }
  const ways = new Map<string, readonly Range[]>()
  const add = (source: Range | undefined, ranges: readonly Range[]) => {
    const key = source ? formatEnds(source) : 'masquerade'
    ways.set(key, union(ways.get(key) ?? [], subtract(ranges, rangesIn(one.exempt))))
  }
  const special = (one.special ?? []).reduce<readonly Range[]>(
    (all, { destinations }) => union(all, destinations),
    [],
  )
  add(one.snatTo, subtract(one.destinations ?? allOf(family), special))
  for (const { snatTo, destinations } of one.special ?? []) add(snatTo, destinations)
  ways.set('pinned', pinExemptions && families[family] ? rangesIn(one.exempt) : [])
  return Object.fromEntries(
    [...ways].flatMap(([key, ranges]) =>
      ranges.length > 0 ? [[key, ranges.map(formatRange).join(' ')]] : [],
    ),
  )
}

test('nftables: every policy is found again', () => {
  let read = 0
  fc.assert(
    fc.property(configsOfPolicies, (config) => {
      const policy = policyFor(config, IPS)
      if (!policy) return
      read += 1
      expect(readTable(tableOf(policy), policyName(policy))).toEqual({
        policy: asKept(policy),
        isAsNamed: true,
        foreign: [],
      })
    }),
    { numRuns: 500 },
  )
  expect(read).toBeGreaterThan(100)
})

test('iptables: every policy is found again, as far as the rules say it', () => {
  let exact = 0
  fc.assert(
    fc.property(configsOfPolicies, (config) => {
      const policy = policyFor(config, IPS)
      if (!policy) return
      for (const family of FAMILY_NAMES) {
        const [first] = policyChains(policy, family)
        const found = readChains(chainsOf(policy, family), first?.chain ?? '', family)
        expect({ ...found, policy: undefined }).toEqual({ policy: undefined, isAsNamed: true, foreign: [] })
        if (!found.policy) throw new Error('no policy')
        expect(behaviour(found.policy, family)).toEqual(behaviour(policy, family))
        const own = policy.families[family]
        if (!own || Object.keys(behaviour(policy, family)).every((key) => key === 'pinned')) continue
        const { toPorts, outInterfaces, fullyRandom } = asKept(policy)
        expect(found.policy).toMatchObject({ toPorts, outInterfaces, fullyRandom })
        // "::/0" with an exception reads as a few destinations: the rules are the same.
        if (own.destinations || own.special || found.policy.families[family]?.destinations) continue
        exact += 1
        expect(found.policy).toEqual({ ...asKept(policy), families: { [family]: own } })
      }
    }),
    { numRuns: 3000 },
  )
  expect(exact).toBeGreaterThan(100)
})

/** Exempt: 10.0.0.0/8 but for 10.9.0.0/16, and what is exempt always. */
const PLAIN = policyOf({ nonMasqueradeCIDRs: ['10.0.0.0/8'], masqueradeCIDRs: ['10.9.0.0/16'], ipv6: false })
const EXEMPT = '10.0.0.0-10.8.255.255 10.10.0.0-10.255.255.255 169.254.0.0/16 224.0.0.0/4 255.255.255.255/32'

function policyOf(config: Record<string, unknown>): Policy {
  const policy = policyFor(config, ['10.244.1.7/32'])
  if (!policy) throw new Error('the config is refused')
  return policy
}

const exemptIn = (policy: Policy | undefined) => {
  const exempt = policy?.families.ip?.exempt
  return exempt && rangesIn(exempt).map(formatRange).join(' ')
}

describe('nftables: what somebody altered', () => {
  const name = policyName(PLAIN)
  const table = tableOf(PLAIN)
  const withLines = (
    change: (lines: Table['chains'][number]['lines']) => Table['chains'][number]['lines'],
  ) => ({
    ...table,
    chains: table.chains.map((chain) => ({ ...chain, lines: change(chain.lines) })),
  })

  test('nothing: it is read', () => {
    const { policy, ...rest } = readTable(table, name)
    expect(rest).toEqual({ isAsNamed: true, foreign: [] })
    expect(exemptIn(policy)).toBe(EXEMPT)
  })

  test('a rule of somebody else: no policy, and its words', () => {
    const foreign = { do: 'foreign', text: 'ip daddr 192.0.2.1 accept' } as const
    expect(
      readTable(
        withLines((lines) => [foreign, ...lines]),
        name,
      ),
    ).toEqual({
      isAsNamed: false,
      foreign: [`chain ${name}: unexpected line "ip daddr 192.0.2.1 accept"`],
    })
  })

  test('no masquerade at its end: no policy', () => {
    expect(
      readTable(
        withLines((lines) => lines.slice(0, -1)),
        name,
      ),
    ).toEqual({
      isAsNamed: false,
      foreign: [`chain ${name}: missing line "masquerade"`],
    })
  })

  test('rules in another order: no policy', () => {
    expect(
      readTable(
        withLines((lines) => lines.toReversed()),
        name,
      ),
    ).toEqual({
      isAsNamed: false,
      foreign: [`chain ${name}: lines are in the wrong order`],
    })
  })

  test('an exemption more: another policy than the name says', () => {
    const added: Range = { family: 'ip', first: '08080808', end: '08080809' }
    const { policy, ...rest } = readTable(
      {
        ...table,
        sets: table.sets.map((set) => ({ ...set, elements: [added, ...set.elements] })),
      },
      name,
    )
    expect(rest).toEqual({ isAsNamed: false, foreign: [] })
    expect(exemptIn(policy)).toBe(`8.8.8.8/32 ${EXEMPT}`)
  })

  test('the name of another release: read all the same', () => {
    const { policy, ...rest } = readTable(
      tableOf(PLAIN, 'policy-0000000000000000'),
      'policy-0000000000000000',
    )
    expect(rest).toEqual({ isAsNamed: false, foreign: [] })
    expect(policy).toEqual(PLAIN)
  })
})

describe('iptables: what somebody altered', () => {
  const [{ chain } = { chain: '' }] = policyChains(PLAIN, 'ip')
  const rules = chainsOf(PLAIN, 'ip').get(chain) ?? []
  const read = (changed: readonly string[]) => {
    const chains = new Map([...chainsOf(PLAIN, 'ip'), [chain, [...changed]]])
    const { policy, ...rest } = readChains(chains, chain, 'ip')
    return { ...rest, exempt: exemptIn(policy) }
  }

  test('nothing: it is read', () => {
    expect(rules.map((rule) => rule.replace(/-g IPM-Q-.*/, '-g IPM-Q'))).toEqual([
      '-d 255.255.255.255/32 -j RETURN',
      '-d 10.9.0.0/16 -g IPM-Q',
      '-d 169.254.0.0/16 -j RETURN',
      '-d 10.0.0.0/8 -j RETURN',
      '-d 224.0.0.0/4 -j RETURN',
      '-j MASQUERADE --random-fully',
    ])
    expect(read(rules)).toEqual({ isAsNamed: true, foreign: [], exempt: EXEMPT })
  })

  test.each([
    [
      'a rule of somebody else',
      ['-d 192.0.2.1/32 -j DNAT --to-destination 192.0.2.2', ...rules],
      'unexpected rule "-d 192.0.2.1/32 -j DNAT --to-destination 192.0.2.2"',
    ],
    [
      'a rule with a match that is none of ours',
      ['-i eth0 -j RETURN', ...rules],
      'unexpected rule "-i eth0 -j RETURN"',
    ],
    ['no rule at its end', rules.slice(0, -1), 'the last rule, for all other destinations, is missing'],
    ['none at all', [], 'the last rule, for all other destinations, is missing'],
    [
      'a wider prefix before the others',
      ['-d 8.0.0.0/8 -j RETURN', ...rules],
      'rules are in the wrong order',
    ],
    [
      'two ways to masquerade',
      [...rules.slice(0, -1), '-j MASQUERADE'],
      'rules masquerade in different ways',
    ],
  ])('%s: no policy', (_, changed, said) => {
    expect(read(changed)).toEqual({
      isAsNamed: false,
      foreign: [`chain ${chain}: ${said}`],
      exempt: undefined,
    })
  })

  test('the rules of the chain that it goes on in: no policy', () => {
    const how = [...chainsOf(PLAIN, 'ip').keys()][1] ?? ''
    const chains = new Map([...chainsOf(PLAIN, 'ip'), [how, ['-p tcp -j MASQUERADE', '-j RETURN']]])
    expect(readChains(chains, chain, 'ip')).toEqual({
      isAsNamed: false,
      foreign: [`chain ${how}: unexpected rules: "-p tcp -j MASQUERADE", "-j RETURN"`],
    })
  })

  test('where the chain returns all that no rule names, what it names is destinations', () => {
    const windows = {
      Type: 'OutBoundNAT',
      Settings: { Destinations: ['192.0.2.0/24'], Exceptions: ['192.0.2.9/32'] },
    }
    const limited = policyOf({ policies: [{ name: 'EndpointPolicy', value: windows }], ipv6: false })
    const [{ chain: name } = { chain: '' }] = policyChains(limited, 'ip')
    const { policy } = readChains(chainsOf(limited, 'ip'), name, 'ip')
    expect(policy?.families.ip?.destinations?.map(formatRange)).toEqual([
      '192.0.2.0-192.0.2.8',
      '192.0.2.10-192.0.2.255',
    ])
    expect(exemptIn(policy)).toBe('169.254.0.0/16 192.0.2.9/32 224.0.0.0/4 255.255.255.255/32')
  })

  test('an exemption more: another policy than the name says', () => {
    expect(read(['-d 8.8.8.8/32 -j RETURN', ...rules])).toEqual({
      isAsNamed: false,
      foreign: [],
      exempt: `8.8.8.8/32 ${EXEMPT}`,
    })
  })
})
