import { sha256 } from '../../hash'
import { type Address, FAMILY_NAMES, type Family, toMapped } from '../../policy/address'
import type { Policy } from '../../policy/policy'
import type { Prefix } from '../../policy/prefix'
import { renderTransaction } from './render'
import type { Operation, Rule, Transaction } from './transaction'

/**
 * What stands in the table, whatever the pods (docs/architecture.md draws it):
 *
 *   owners        address -> who holds it
 *   pods-ip[6]    address -> goto the chain of its policy
 *   base chain    looks the packet's source up in pods-ip[6]
 *   policy-<hash> one chain and two sets per policy, shared by all pods that have it
 */
export const OWNERS = 'owners'
export const BASE_CHAIN = 'nat-postrouting'
export const POD_MAPS: Readonly<Record<Family, string>> = { ip: 'pods-ip', ip6: 'pods-ip6' }

/** The base chain's rules, in order. */
export const DISPATCH: readonly Rule[] = FAMILY_NAMES.map((family) => ({
  do: 'dispatch',
  family,
  map: POD_MAPS[family],
}))

export function exemptSet(policyName: string, family: Family): string {
  return `${policyName}-${family}`
}

/** A policy chain's rules, in order. The chain never stands without them. */
export function policyRules(policy: Policy, policyName: string): readonly Rule[] {
  const exempt = FAMILY_NAMES.map(
    (family): Rule => ({ do: 'exempt', family, set: exemptSet(policyName, family) }),
  )
  return [...exempt, { do: 'masquerade', fullyRandom: policy.fullyRandom }]
}

/**
 * A policy's name says what it does: 16 hex digits of the hash of its rendered set-up. Pods with the same list
 * share it, and a release that renders a policy differently makes a new one instead of editing a live one.
 */
export function policyName(policy: Policy): string {
  return `policy-${sha256(renderTransaction(setUpPolicy(policy, 'policy'))).slice(0, 16)}`
}

/** Table, maps, base chain and one policy. May run any number of times and beside others: everything is added
 * if absent, and what could be doubled (rules) or be out of date (elements) is flushed in the same transaction. */
export function setUp(policy: Policy): Transaction {
  return [
    { do: 'add-table' },
    { do: 'add-map', name: OWNERS, key: 'ip6', value: 'ip6' },
    ...FAMILY_NAMES.map(
      (family): Operation => ({
        do: 'add-map',
        name: POD_MAPS[family],
        key: family,
        value: 'verdict',
      }),
    ),
    { do: 'add-base-chain', name: BASE_CHAIN },
    { do: 'flush-chain', name: BASE_CHAIN },
    ...DISPATCH.map((rule): Operation => ({ do: 'add-rule', chain: BASE_CHAIN, rule })),
    ...setUpPolicy(policy, policyName(policy)),
  ]
}

function setUpPolicy(policy: Policy, name: string): Transaction {
  const sets = FAMILY_NAMES.flatMap((family): Operation[] => {
    const set = exemptSet(name, family)
    return [
      { do: 'add-set', name: set, key: family },
      { do: 'flush-set', name: set },
      ...addPrefixes(set, policy.exempt[family]),
    ]
  })
  return [
    ...sets,
    { do: 'add-chain', name },
    { do: 'flush-chain', name },
    ...policyRules(policy, name).map((rule): Operation => ({ do: 'add-rule', chain: name, rule })),
  ]
}

/** nft has no word for no elements. */
function addPrefixes(set: string, prefixes: readonly Prefix[]): Operation[] {
  if (prefixes.length === 0) return []
  return [{ do: 'add-elements', set, elements: prefixes.map((key) => ({ key })) }]
}

/** The key of an address in `owners`. */
export function ownerKey(address: Address): Address {
  return { family: 'ip6', value: toMapped(address) }
}

/** Gives an address to an owner. Refused ("File exists") when another holds it; nothing when it is the same. */
export function addOwner(address: Address, value: Address, comment?: string): Operation {
  const element = { key: ownerKey(address), value, ...(comment !== undefined && { comment }) }
  return { do: 'add-elements', set: OWNERS, elements: [element] }
}

/** Sends an address's packets to a policy. Refused ("File exists") when they go to another. */
export function addPod(address: Address, policyChain: string): Operation {
  return {
    do: 'add-elements',
    set: POD_MAPS[address.family],
    elements: [{ key: address, goto: policyChain }],
  }
}

export function deletePod(address: Address): Operation {
  return { do: 'delete-element', set: POD_MAPS[address.family], key: address }
}

/**
 * Compare-and-delete: `delete element` takes no heed of the value, but an `add` of the same element is refused
 * when it has another, and takes the whole transaction with it.
 */
export function deleteOwner(address: Address, value: Address): Transaction {
  return [addOwner(address, value), { do: 'delete-element', set: OWNERS, key: ownerKey(address) }]
}

/** Both elements of an address; `hasPod` false where only the owner is left. */
export function deleteAddress(address: Address, owner: Address, hasPod = true): Transaction {
  return [...deleteOwner(address, owner), ...(hasPod ? [deletePod(address)] : [])]
}
