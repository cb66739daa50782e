import { sha256 } from '#system/digest'
import type { Attachment } from '../../cni/attachment'
import { type Address, type Family, isSameAddress } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import type { Policy } from '../../policy/policy'
import { attachmentId } from '../identity'
import { type OwnerRecord, recordRows } from './owner-record'
import { addressRow, digestRow, hostPrefix, noteRow, noteText } from './owner-rows'
import { policyChainName, policyChains } from './policy-chains'
import type { Operation, Rule, Transaction } from './transaction'

/**
 * Our part of the nat table in a family. There may be no comments (the match is missing on some systems), so a chain's
 * name shows its owner; iptables accepts 28 characters.
 *
 *   POSTROUTING     -j IPM-PODS, as its first rule
 *   IPM-PODS         -s ADDRESS -g IPM-A-ADDRESS, for each address
 *   IPM-A-ADDRESS   -g IPM-P-<policy>
 *                   -j IPM-O-<owner>    the owner; no packet gets here
 *   IPM-O-<owner>   one for each attachment, with rules that do nothing: a record (`owner-record.ts`), a note, a digest of
 *                   all of the ADD's addresses, and those of this family
 *   IPM-P-<policy>  a policy (`policy-chains.ts`)
 *   IPM-D-<0 to 3>  attachments whose DEL has just come (`tombstones.ts`)
 *
 * Three operations guard a whole restore. `-N IPM-A-ADDRESS` refuses an ADD whose address another attachment holds.
 * `-D IPM-A-ADDRESS -j IPM-O-<me>` refuses a DEL whose address went to another attachment. Deleting the row with the
 * digest refuses a DEL that knows other addresses than the ADD had, in either family.
 *
 * Two ADDs of one address in the same millisecond, which no IPAM requests, may both succeed: when somebody else has
 * changed the ruleset in between, iptables-nft begins again, and treats a chain that has come into being as its own
 * (nft_refresh_transaction). So an address may be dispatched twice and have two owners; all removing code handles that.
 */
export const HOOK = 'POSTROUTING'
export const DISPATCH = 'IPM-PODS'

export const JUMP: Rule = { target: { to: 'jump', chain: DISPATCH } }

/** The name of an address's chain. The printed form of an IPv6 address would be too long. */
export function addressChain(address: Address): string {
  const text = formatAddress(address)
  return `${addressPrefix}${address.family === 'ip' ? text : sha256(text).slice(0, 20)}`
}

export const addressPrefix = 'IPM-A-'
export const ownerPrefix = 'IPM-O-'

export function ownerChain(id: string): string {
  return `${ownerPrefix}${id}`
}

export function dispatchRule(address: Address): Rule {
  return { source: hostPrefix(address), target: { to: 'goto', chain: addressChain(address) } }
}

export function ownerRule(id: string): Rule {
  return { target: { to: 'jump', chain: ownerChain(id) } }
}

export function policyRule(chain: string): Rule {
  return { target: { to: 'goto', chain } }
}

export function ofFamily(family: Family, addresses: readonly Address[]): Address[] {
  return addresses.filter((address) => address.family === family)
}

export interface Addition {
  readonly family: Family
  readonly attachment: Attachment
  /** The addresses of this family. */
  readonly addresses: readonly Address[]
  /** The addresses of both families. */
  readonly all: readonly Address[]
  readonly policy: Policy
  readonly birth: Birth
  readonly hasComments: boolean
}

/** When and how an attachment's rules came to be, and where its network namespace is. */
export interface Birth extends OwnerRecord {
  readonly epochSeconds: number
}

/** Adds an attachment's rules in one family. It is refused if one of them exists, or if the jump or the policy is missing. */
export function addAttachment(addition: Addition): Transaction {
  const owner = ownerChain(attachmentId(addition.attachment))
  return [
    { do: 'check-rule', chain: HOOK, rule: JUMP },
    { do: 'new-chain', chain: owner },
    ...ownerRules(addition),
    ...addition.addresses.flatMap((address): Operation[] => [
      { do: 'new-chain', chain: addressChain(address) },
      ...addressRules(address, addition),
      { do: 'append', chain: DISPATCH, rule: dispatchRule(address) },
    ]),
  ]
}

export function ownerRules(addition: Addition): Transaction {
  const { family, attachment, addresses, all, birth, hasComments } = addition
  const { network } = attachment
  const chain = ownerChain(attachmentId(attachment))
  return [
    ...recordRows(family, network, birth),
    noteRow(family, { network, ...birth }, hasComments ? noteText(attachment) : undefined),
    digestRow(family, all),
    ...addresses.map(addressRow),
  ].map((rule) => ({ do: 'append', chain, rule }))
}

export function addressRules(address: Address, { family, attachment, policy }: Addition): Transaction {
  const rules = [policyRule(policyChainName(policy, family)), ownerRule(attachmentId(attachment))]
  return rules.map((rule) => ({ do: 'append', chain: addressChain(address), rule }))
}

interface Deletion {
  readonly id: string
  readonly addresses: readonly Address[]
  /** The addresses of both families, where they are known. */
  readonly all?: readonly Address[]
}

/** Deletes an attachment's rules in one family. It is refused if its ADD had other addresses. */
export function deleteAttachment(family: Family, { id, addresses, all }: Deletion): Transaction {
  return [
    ...(all ? [{ do: 'delete-rule', chain: ownerChain(id), rule: digestRow(family, all) } as const] : []),
    ...addresses.flatMap((address): Operation[] => [
      { do: 'delete-rule', chain: addressChain(address), rule: ownerRule(id) },
      { do: 'delete-rule', chain: DISPATCH, rule: dispatchRule(address) },
      { do: 'flush-chain', chain: addressChain(address) },
      { do: 'delete-chain', chain: addressChain(address) },
    ]),
    ...deleteChain(ownerChain(id)),
  ]
}

export function deleteChain(chain: string): Transaction {
  return [
    { do: 'flush-chain', chain },
    { do: 'delete-chain', chain },
  ]
}

/** Sets a policy up. It may run any number of times: chains are emptied and filled again. */
export function setUpPolicy(policy: Policy, family: Family): Transaction {
  const chains = policyChains(policy, family)
  return [
    ...chains.map(({ chain }): Operation => ({ do: 'clear-chain', chain })),
    ...chains.flatMap(({ chain, rules }) => rules.map((rule): Operation => ({ do: 'append', chain, rule }))),
  ]
}

export function includes(addresses: readonly Address[], address: Address): boolean {
  return addresses.some((one) => isSameAddress(one, address))
}
