import { expect, test } from 'vitest'
import type { Wanted } from '../../src/backend/backend'
import { attachmentDigest } from '../../src/backend/identity'
import { applyWithSetUp } from '../../src/backend/nftables/apply-with-set-up'
import { addAttachment } from '../../src/backend/nftables/attachment-elements'
import type { Carrier, ElementKey, Failed, FoundElement } from '../../src/backend/nftables/carrier'
import { OWNERS, ownerKey } from '../../src/backend/nftables/layout'
import { ownerValue } from '../../src/backend/nftables/owner'
import { planAttachment } from '../../src/backend/nftables/plan-attachment'
import { policyName } from '../../src/backend/nftables/policy-name'
import { MAPS } from '../../src/backend/nftables/set-up'
import { HOOK } from '../../src/backend/nftables/table'
import { NO_TABLE } from '../../src/backend/nftables/table-state'
import type { Operation, Transaction } from '../../src/backend/nftables/transaction'
import { addressOf, toMapped } from '../../src/policy/address'
import { formatAddress, parseAddress } from '../../src/policy/address-text'

/**
 * Kernels before 6.5 compare the padding of a verdict, so an `add` of an element that exists in `pods-ip` may be refused
 * although it leads to the same chain. The kernel of these tests does not show that.
 */

const address = parseAddress('10.244.1.7')
const holder = { containerID: 'gone', ifname: 'eth0', network: 'cbr0', pod: '', namespace: '' }
const wanted: Wanted = {
  attachment: { ...holder, containerID: 'c1' },
  addresses: [address],
  policy: { families: {}, pinExemptions: false, outInterfaces: [], toPorts: [], fullyRandom: true },
  backend: 'nftables',
}
const chain = policyName(wanted.policy)
const note = { epochSeconds: 1_790_000_000, bootSeconds: 5_000 }
const refusal: Failed = { ok: false, failure: 'clash', said: 'Device or resource busy' }

/** Whether such a kernel refuses the transaction while the pod's element leads to its policy. */
function isRefused(transaction: Transaction): boolean {
  const isPods = (operation: Operation) => 'set' in operation && operation.set === 'pods-ip'
  return transaction.find(isPods)?.do === 'add-elements'
}

test('an ADD that takes an address over replaces the element of its packets, though the policy is the same', async () => {
  const owner = ownerValue(attachmentDigest(holder), [address])
  const elements = new Map<string, FoundElement>([
    [`${OWNERS} ${formatAddress(ownerKey(address))}`, { value: addressOf(owner) }],
    ['pods-ip 10.244.1.7', { verdict: { goto: chain } }],
  ])
  const runs: Transaction[] = []
  const carrier: Carrier = {
    run(transaction) {
      runs.push(transaction)
      return isRefused(transaction) ? refusal : { ok: true, value: undefined }
    },
    check: () => ({ ok: true, value: undefined }),
    lookUp: (keys: readonly ElementKey[]) => ({
      ok: true,
      value: keys.map(({ set, key }) => elements.get(`${set} ${formatAddress(key)}`)),
    }),
    readLayout: () => ({ ok: true, value: { isCurrent: true, hasMark: false } }),
    readStructure: () => ({
      ok: true,
      value: {
        isDormant: false,
        sets: MAPS.map(({ name, key, value, hasTimeout }) => ({
          name,
          type: { key, value, flags: hasTimeout ? ['timeout'] : [] },
          elements: [],
        })),
        chains: [
          { name: 'layout-3', lines: [] },
          { name: 'nat-postrouting', lines: [HOOK, { do: 'policy', verdict: 'accept' }] },
          { name: chain, lines: [] },
        ],
      },
    }),
    readTable: () => ({ ok: true, value: NO_TABLE }),
    findPod: () => ({ ok: true, value: [] }),
    readOwners: () => ({ ok: true, value: NO_TABLE }),
    isStanding: () => ({ ok: true, value: true }),
    explainRefusal: () => '',
    explainUnusable: () => '',
  }
  const options = { note, elements: addAttachment(wanted, note), refusal, isGone: async () => true }
  await applyWithSetUp(carrier, wanted, options)
  expect(runs).toHaveLength(1)
})

test('a sync that gives an address its owner back replaces the element of its packets', () => {
  const found = { address, verdict: { goto: chain } }
  const { transaction } = planAttachment(
    {
      digest: attachmentDigest(wanted.attachment),
      byAddress: new Map([[toMapped(address), found]]),
      owned: [],
      slots: [],
    },
    wanted,
    { chain, now: note },
  )
  expect(transaction).not.toEqual([])
  expect(isRefused(transaction)).toBe(false)
})
