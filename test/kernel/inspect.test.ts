import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Backend } from '../../src/backend/backend'
import { attachmentId } from '../../src/backend/identity'
import { policyChains } from '../../src/backend/iptables/policy-chains'
import { policyName } from '../../src/backend/nftables/policy-name'
import { formatAddress } from '../../src/policy/address-text'
import type { Policy } from '../../src/policy/policy'
import { rangesIn } from '../../src/policy/range'
import { formatRange } from '../../src/policy/range-text'
import { backendsIn, wantedWith } from '../lab/backend'
import { createNamespace, type Namespace } from '../lab/namespace'
import { configsOfPolicies, IPS, policyFor } from '../lab/policies'

/** What `inspect` finds of what was set up, and of what somebody altered, by the tools; netlink's part is in `list.test.ts`. */

const PLACES = ['nftables', 'iptables-nft', 'iptables-legacy'] as const

let node: Namespace
let backends: Map<string, Backend>
beforeAll(async () => {
  node = await createNamespace('inspect')
  backends = new Map(backendsIn(node))
})
afterAll(() => node?.delete())

const policyOf = (keys: Record<string, unknown>): Policy => {
  const policy = policyFor(keys, IPS)
  if (!policy) throw new Error('the config is refused')
  return policy
}

/** The names that a place has for a policy: one for both families, or one for each. */
const namesOf = (policy: Policy, place: string): string[] =>
  place === 'nftables'
    ? [policyName(policy), policyName(policy)]
    : (['ip', 'ip6'] as const).map((family) => policyChains(policy, family)[0]?.chain ?? '')

describe.each(PLACES)('%s', (place) => {
  const backend = () => {
    const found = backends.get(place)
    if (!found) throw new Error(`there is no ${place}`)
    return found
  }
  afterEach(() => backend().tearDown())
  const inspect = () => backend().inspect()

  test('nothing', async () => {
    expect(await inspect()).toEqual({
      places: [{ name: place, isSetUp: false, differences: [] }],
      attachments: [],
      strays: [],
      policies: [],
      unseen: [],
    })
  })

  test('a pod', async () => {
    const policy = policyOf({ nonMasqueradeCIDRs: ['10.0.0.0/8', 'fd00::/8'] })
    const wanted = wantedWith('c1', IPS, policy)
    await backend().apply(wanted)
    const { attachments, ...rest } = await inspect()
    const [name, name6] = namesOf(policy, place)
    expect(
      attachments.map(({ addresses, note, rules, ...one }) => ({
        ...one,
        pod: note?.pod,
        netns: note?.netns,
        rules: rules.map(({ address, ...rule }) => ({ address: formatAddress(address), ...rule })),
      })),
    ).toEqual([
      {
        id: attachmentId(wanted.attachment),
        place,
        pod: 'shop/web',
        netns: '/var/run/netns/web',
        rules: [
          { address: '10.244.1.7', policy: name, foreign: [] },
          { address: 'fd00::7', policy: name6, foreign: [] },
        ],
      },
    ])
    const { ip, ip6 } = policy.families
    const one = { place, isAsNamed: true, foreign: [] }
    expect(rest).toEqual({
      places: [{ name: place, isSetUp: true, differences: [] }],
      strays: [],
      policies:
        place === 'nftables'
          ? [{ ...one, name, families: ['ip', 'ip6'], policy }]
          : [
              { ...one, name, families: ['ip'], policy: { ...policy, families: { ip } } },
              { ...one, name: name6, families: ['ip6'], policy: { ...policy, families: { ip6 } } },
            ],
      unseen: [],
    })
  })

  test('policies of many kinds are found again', async () => {
    let found = 0
    await fc.assert(
      fc.asyncProperty(configsOfPolicies, async (config) => {
        const policy = policyFor(config, IPS)
        if (!policy) return
        await backend().apply(wantedWith('c1', IPS, policy))
        const { attachments, policies, unseen } = await inspect()
        const used = attachments.flatMap(({ rules }) => rules.map((rule) => rule.policy))
        expect(used).toEqual(namesOf(policy, place))
        for (const one of policies) expect(one).toMatchObject({ isAsNamed: true, foreign: [] })
        expect(unseen).toEqual([])
        if (place === 'nftables') {
          const own = policies.find(({ name }) => name === used[0])?.policy
          if (!own) throw new Error('no policy')
          expect(policyName(own)).toBe(used[0])
        }
        found += 1
      }),
      { numRuns: 60, endOnFailure: true },
    )
    expect(found).toBeGreaterThan(10)
  })

  describe('what somebody altered', () => {
    const policy = policyOf({ nonMasqueradeCIDRs: ['10.0.0.0/8', 'fd00::/8'] })
    const [name = ''] = namesOf(policy, place)
    const tool = `${place} -t nat`
    const tool6 = tool.replace('iptables', 'ip6tables')
    const setUp = async (script: string) => {
      await backend().apply(wantedWith('c1', IPS, policy))
      await node.sh(script)
      return inspect()
    }
    const choose = (nft: string, iptables: string) => (place === 'nftables' ? nft : iptables)

    test('the chain of a policy', async () => {
      const { policies } = await setUp(
        choose(
          `nft insert rule inet ip-masq ${name} ip daddr 192.0.2.1 accept`,
          `${tool} -I ${name} -j ACCEPT`,
        ),
      )
      expect(policies.find((one) => one.name === name)).toEqual({
        name,
        place,
        families: place === 'nftables' ? ['ip', 'ip6'] : ['ip'],
        isAsNamed: false,
        foreign: [
          choose(
            `chain ${name}: unexpected line "ip daddr 192.0.2.1 accept"`,
            `chain ${name}: unexpected rule "-j ACCEPT"`,
          ),
        ],
      })
    })

    test('an exemption more', async () => {
      const { policies } = await setUp(
        choose(
          `nft add element inet ip-masq ${name}-ip { 8.8.8.8 }`,
          `${tool} -I ${name} -d 8.8.8.8 -j RETURN`,
        ),
      )
      const altered = policies.find((one) => one.name === name)
      expect(altered).toMatchObject({ isAsNamed: false, foreign: [] })
      expect(rangesIn(altered?.policy?.families.ip?.exempt ?? []).map(formatRange)).toEqual([
        ...['8.8.8.8/32', '10.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '255.255.255.255/32'],
      ])
    })

    test('where an address leads', async () => {
      const { attachments } = await setUp(
        choose(
          `nft delete element inet ip-masq pods-ip { 10.244.1.7 }
          nft add element inet ip-masq pods-ip { 10.244.1.7 : accept }`,
          `${tool} -I IPM-A-10.244.1.7 -j ACCEPT`,
        ),
      )
      expect(attachments[0]?.rules.map(({ foreign }) => foreign)).toEqual([
        [choose('accept', '"-j ACCEPT"')],
        [],
      ])
    })

    test('the rule of an address, and the owner of another', async () => {
      const { attachments, strays } = await setUp(
        choose(
          `nft delete element inet ip-masq pods-ip { 10.244.1.7 }
          nft delete element inet ip-masq owners { fd00::7 }`,
          `${tool} -D IPM-PODS -s 10.244.1.7 -g IPM-A-10.244.1.7
          chain=$(${tool6} -S | sed -n 's/^-N \\(IPM-O-.*\\)/\\1/p'); ${tool6} -F $chain`,
        ),
      )
      expect(
        attachments.map(({ rules }) => rules.map((rule) => [formatAddress(rule.address), rule.policy])),
      ).toEqual([
        [['10.244.1.7', undefined]].concat(
          place === 'nftables' ? [] : [['fd00::7', namesOf(policy, place)[1]]],
        ),
      ])
      expect(strays.map(({ address, policy: to }) => [formatAddress(address), to])).toEqual(
        place === 'nftables' ? [['fd00::7', name]] : [],
      )
    })

    test('the hook', async () => {
      const { places } = await setUp(
        choose('nft flush chain inet ip-masq nat-postrouting', `${tool} -F POSTROUTING`),
      )
      expect(places).toEqual([
        {
          name: place,
          isSetUp: true,
          differences:
            place === 'nftables'
              ? [
                  'chain nat-postrouting: missing line "ip saddr vmap @pods-ip"',
                  'chain nat-postrouting: missing line "ip6 saddr vmap @pods-ip6"',
                ]
              : ['iptables: chain POSTROUTING: missing rule "-j IPM-PODS"'],
        },
      ])
    })
  })
})
