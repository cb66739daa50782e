import { type Address, FAMILY_NAMES, type Family } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import type { Policy } from '../../policy/policy'
import type { Wanted } from '../backend'
import { attachmentId } from '../identity'
import { compareHook } from './hook'
import { DISPATCH, ofFamily, ownerChain, ownerRule, policyRule } from './layout'
import { addressRow } from './owner-rows'
import type { OwnerState } from './owner-state'
import { policyChainName, policyChains } from './policy-chains'
import { renderRule } from './render'
import { type AddressState, findAddress, readState, type State } from './state'
import { type Iptables, TOOLS } from './tool'

/** CHECK: compares our chains, in each family in which the attachment has addresses, with what an ADD would write. */
export function verify(iptables: Iptables, wanted: Wanted): string[] {
  return FAMILY_NAMES.flatMap((family) => {
    const addresses = ofFamily(family, wanted.addresses)
    if (addresses.length === 0) return []
    const state = readState(iptables, family, 'check the rules')
    if (!state.chains.has(DISPATCH)) return [inFamily(family)(`chain ${DISPATCH}: missing`)]
    const found = addresses.map((address) => ({ address, state: findAddress(state, address) }))
    return [
      ...compareHook(state, addresses).map(inFamily(family)),
      ...comparePolicy(state, wanted.policy, family).map(inFamily(family)),
      ...found.flatMap((one) =>
        compareAddress(one.state, wanted, family).map((text) => `${formatAddress(one.address)}: ${text}`),
      ),
      ...compareOwner(state, ownerIn(state, wanted), { wanted, addresses }).map(inFamily(family)),
    ]
  })
}

function ownerIn({ owners }: State, { attachment }: Wanted): OwnerState | undefined {
  const id = attachmentId(attachment)
  return owners.find((owner) => owner.id === id)
}

/** Adds the family to a line, because chains have the same names in both families. */
export function inFamily(family: Family): (line: string) => string {
  return (line) => `${TOOLS[family]}: ${line}`
}

export function comparePolicy(state: State, policy: Policy, family: Family): string[] {
  return policyChains(policy, family).flatMap(({ chain, rules }) =>
    compareChain(state, chain, rules.map(renderRule)),
  )
}

function compareChain({ chains }: State, chain: string, expected: readonly string[]): string[] {
  const found = chains.get(chain)
  if (!found) return [`chain ${chain}: missing`]
  const missing = expected.filter((rule) => !found.includes(rule))
  const surplus = found.filter((rule) => !expected.includes(rule))
  const differences = [
    ...missing.map((rule) => `chain ${chain}: missing rule "${rule}"`),
    ...surplus.map((rule) => `chain ${chain}: unexpected rule "${rule}"`),
  ]
  const isSame = expected.length === found.length && expected.every((rule, i) => rule === found[i])
  return differences.length === 0 && !isSame
    ? [`chain ${chain}: rules are in the wrong order, or one is repeated`]
    : differences
}

/** How one address differs from what it should be. */
export function compareAddress(
  found: AddressState | undefined,
  { attachment, policy }: Wanted,
  family: Family,
): string[] {
  const owner = renderRule(ownerRule(attachmentId(attachment)))
  const goto = renderRule(policyRule(policyChainName(policy, family)))
  if (!found?.dispatches) return [`chain ${DISPATCH} has no rule for it`]
  const [first, second, ...more] = found.rules
  return [
    ...(found.dispatches > 1 ? [`chain ${DISPATCH} has ${found.dispatches} rules for it`] : []),
    ...(first === goto ? [] : [first ? `its rule is "${first}", not "${goto}"` : `missing rule "${goto}"`]),
    ...(second === owner ? [] : [`belongs to another attachment (${second ?? 'none'})`]),
    ...more.map((rule) => `unexpected rule "${rule}"`),
  ]
}

/**
 * Compares the owner's rows. Addresses that an earlier ADD had show up here; only DEL compares the rest of what they
 * hold.
 */
export function compareOwner(
  { chains }: State,
  owner: OwnerState | undefined,
  { wanted, addresses }: { readonly wanted: Wanted; readonly addresses: readonly Address[] },
): string[] {
  const chain = ownerChain(attachmentId(wanted.attachment))
  const found = chains.get(chain)
  if (!found) return [`chain ${chain}: missing`]
  const rows = addresses.map((address) => renderRule(addressRow(address)))
  const surplus = found.filter((rule) => !rows.includes(rule) && !rule.includes(' -d '))
  return [
    ...(owner?.isWhole ? [] : [`chain ${chain}: missing note or digest`]),
    ...rows.filter((row) => !found.includes(row)).map((row) => `chain ${chain}: missing rule "${row}"`),
    ...surplus.map((rule) => `chain ${chain}: unexpected rule "${rule}"`),
  ]
}
