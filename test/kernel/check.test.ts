import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, succeed } from '../lab/plugin'
import { listRuleset, readTable } from '../lab/table'

let node: Namespace
beforeAll(async () => {
  node = await createNamespace('check')
})
afterAll(() => node.delete())

const pod = {
  containerID: 'a',
  config: configWith(['10.244.1.7/24', 'fd00::7/64'], {
    repairOnCheck: false,
    // Adjacent, at both ends of the address space, single addresses: what nft prints in other words.
    nonMasqueradeCIDRs: [
      '0.0.0.0/8',
      '10.0.1.0/24',
      '10.0.2.0/24',
      '192.0.2.1/32',
      '255.255.255.254/32',
      '::1.2.0.0/112',
      'fd00::/8',
      '2001:db8::1/128',
    ],
  }),
}

const differences = async () => {
  const { status, json } = await callPlugin(node, 'CHECK', pod)
  return status === 0 ? [] : (json as { details: string }).details.split('\n')
}

/** A name as it stands in the table: the policy of the pod. */
const policyName = async () => (await readTable(node))?.pods['10.244.1.7'] ?? ''

beforeAll(() => succeed(node, 'ADD', pod))

test('CHECK of what ADD installed: silent, and nothing changed', async () => {
  const before = await listRuleset(node)
  expect(await callPlugin(node, 'CHECK', pod)).toMatchObject({ status: 0, stdout: '', stderr: '' })
  expect(await listRuleset(node)).toBe(before)
})

const OVER_NFT = process.env.IP_MASQ_CARRIER === 'nft'

/** Of a rule that is none of ours netlink gives the kernel's expressions; the words for them are nft's own. */
const PORTS_IN_EXPRESSIONS =
  '[ meta key 16 dreg 1 ] [ cmp sreg 1 op 0 data 0x06 ] [ payload dreg 1 base 2 offset 2 len 2 ] [ lookup sreg 1 set __set0 flags 0 ] accept'

describe('CHECK finds', () => {
  const cases: [string, string, string[]][] = [
    ['the table', 'delete table inet ip-masq', ['table inet ip-masq: missing']],
    [
      'a table that sleeps',
      'add table inet ip-masq { flags dormant; }',
      ['table inet ip-masq: dormant, so its chains are not hooked'],
    ],
    [
      'rules of the base chain',
      'flush chain inet ip-masq nat-postrouting',
      [
        'chain nat-postrouting: missing line "ip saddr vmap @pods-ip"',
        'chain nat-postrouting: missing line "ip6 saddr vmap @pods-ip6"',
      ],
    ],
    [
      'a rule before ours in the base chain',
      'insert rule inet ip-masq nat-postrouting accept',
      ['chain nat-postrouting: unexpected line "accept"'],
    ],
    [
      'a rule with a set of its own before ours',
      'insert rule inet ip-masq nat-postrouting tcp dport { 80, 443 } accept',
      OVER_NFT
        ? [
            'chain nat-postrouting: unexpected line "accept"',
            'chain nat-postrouting: unexpected line "tcp dport { ... }"',
          ]
        : [`chain nat-postrouting: unexpected line "${PORTS_IN_EXPRESSIONS}"`],
    ],
    [
      'rules of ours, beside a base chain of somebody else',
      'add chain inet ip-masq early { type nat hook postrouting priority 90; }; add rule inet ip-masq early accept; flush chain inet ip-masq nat-postrouting',
      [
        'chain nat-postrouting: missing line "ip saddr vmap @pods-ip"',
        'chain nat-postrouting: missing line "ip6 saddr vmap @pods-ip6"',
        'chain early: unexpected base chain',
      ],
    ],
    [
      'a rule twice',
      'add rule inet ip-masq nat-postrouting ip saddr vmap @pods-ip',
      ['chain nat-postrouting: unexpected line "ip saddr vmap @pods-ip"'],
    ],
    [
      'a base chain of another priority',
      'delete chain inet ip-masq nat-postrouting; add chain inet ip-masq nat-postrouting { type nat hook postrouting priority 200; }; add rule inet ip-masq nat-postrouting ip saddr vmap @pods-ip; add rule inet ip-masq nat-postrouting ip6 saddr vmap @pods-ip6',
      [
        'chain nat-postrouting: missing line "type nat hook postrouting priority srcnat - 1"',
        'chain nat-postrouting: unexpected line "type nat hook postrouting priority 200"',
      ],
    ],
    [
      'a chain that is not hooked',
      'delete chain inet ip-masq nat-postrouting; add chain inet ip-masq nat-postrouting; add rule inet ip-masq nat-postrouting ip saddr vmap @pods-ip; add rule inet ip-masq nat-postrouting ip6 saddr vmap @pods-ip6',
      [
        'chain nat-postrouting: missing line "type nat hook postrouting priority srcnat - 1"',
        'chain nat-postrouting: missing line "policy accept"',
      ],
    ],
    [
      'rules of the policy',
      'flush chain inet ip-masq POLICY',
      [
        'chain POLICY: missing line "ip daddr @POLICY-ip return"',
        'chain POLICY: missing line "ip6 daddr @POLICY-ip6 return"',
        'chain POLICY: missing line "masquerade fully-random"',
      ],
    ],
    [
      'a rule in another order',
      'flush chain inet ip-masq POLICY; add rule inet ip-masq POLICY masquerade fully-random; add rule inet ip-masq POLICY ip daddr @POLICY-ip return; add rule inet ip-masq POLICY ip6 daddr @POLICY-ip6 return',
      ['chain POLICY: lines are in the wrong order'],
    ],
    [
      'an exemption that is gone',
      'delete element inet ip-masq POLICY-ip { 10.0.1.0-10.0.2.255 }',
      ['set POLICY-ip: missing element "10.0.1.0-10.0.2.255"'],
    ],
    [
      'an exemption too many',
      'add element inet ip-masq POLICY-ip6 { 2001:db8:1::/48 }',
      ['set POLICY-ip6: unexpected element "2001:db8:1::/48"'],
    ],
    [
      'an address without its rule',
      'delete element inet ip-masq pods-ip6 { fd00::7 }',
      ['map pods-ip6: missing element fd00::7'],
    ],
    [
      'an address without its owner',
      'delete element inet ip-masq owners { ::ffff:10.244.1.7 }',
      ['map owners: missing element 10.244.1.7'],
    ],
    [
      'an address with another owner',
      'delete element inet ip-masq owners { fd00::7 }; add element inet ip-masq owners { fd00::7 comment "h 1 n b eth0 -" : ::1 }',
      ['map owners: fd00::7 belongs to another attachment (h 1 n b eth0 -)'],
    ],
    [
      'an address with another policy',
      'add chain inet ip-masq other; delete element inet ip-masq pods-ip { 10.244.1.7 }; add element inet ip-masq pods-ip { 10.244.1.7 : goto other }',
      ['map pods-ip: the verdict of 10.244.1.7 is "goto other", not "goto POLICY"'],
    ],
    [
      'an address whose packets somebody else accepts',
      'delete element inet ip-masq pods-ip { 10.244.1.7 }; add element inet ip-masq pods-ip { 10.244.1.7 : accept }',
      ['map pods-ip: the verdict of 10.244.1.7 is "accept", not "goto POLICY"'],
    ],
    [
      'what a DEL without prevResult needs',
      'flush map inet ip-masq attachments',
      ['map attachments: has "" for the attachment, not "10.244.1.7, fd00::7"'],
    ],
    [
      'a map of another type',
      'flush chain inet ip-masq nat-postrouting; delete map inet ip-masq pods-ip6; add map inet ip-masq pods-ip6 { type ipv6_addr : ipv6_addr; }; add rule inet ip-masq nat-postrouting ip saddr vmap @pods-ip',
      [
        'map pods-ip6: wrong type',
        'chain nat-postrouting: missing line "ip6 saddr vmap @pods-ip6"',
        'map pods-ip6: missing element fd00::7',
      ],
    ],
  ]
  test.each(cases)('%s', async (_, change, expected) => {
    await node.sh('nft flush ruleset')
    await succeed(node, 'ADD', pod)
    const policy = await policyName()
    await node.sh(`nft -f - <<< '${change.replaceAll('POLICY', policy)}'`)
    const before = await listRuleset(node)
    expect(await differences()).toEqual(expected.map((line) => line.replaceAll('POLICY', policy)))
    expect(await listRuleset(node)).toBe(before)
  })

  test('a list that changed since the ADD', async () => {
    await node.sh('nft flush ruleset')
    await succeed(node, 'ADD', pod)
    const { json } = await callPlugin(node, 'CHECK', { ...pod, config: configWith(['10.244.1.7/24']) })
    expect(json).toMatchObject({
      cniVersion: '1.0.0',
      code: 101,
      msg: 'Cannot confirm the rules of a eth0: 6 missing or altered',
      details: expect.stringMatching(/^chain policy-[0-9a-f]{16}: missing\n/),
    })
  })
})
