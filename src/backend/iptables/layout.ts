import type { Attachment } from '../../cni/attachment'
import { sha256 } from '../../hash'
import { type Address, FAMILIES, type Family, formatAddress, isSameAddress } from '../../policy/address'
import type { Policy } from '../../policy/policy'
import { type Prefix, subnetOf } from '../../policy/prefix'
import { attachmentId, networkDigest } from '../identity'
import { policyChainName, policyChains } from './policy-chains'
import type { Operation, Rule, Transaction } from './transaction'

/**
 * What stands in the nat table of a family. There may be no comments (the match is missing on some systems), so names
 * say whose a chain is; iptables takes 28 characters.
 *
 *   POSTROUTING     -j IP-MASQ, as its first rule
 *   IP-MASQ         -s ADDRESS -g IPM-A-ADDRESS, for each
 *   IPM-A-ADDRESS   -g IPM-P-<policy>
 *                   -j IPM-O-<owner>    whose it is; no packet gets here
 *   IPM-O-<owner>   one for each attachment: a note, and its addresses, in rules that do nothing
 *   IPM-P-<policy>  (`policy-chains.ts`)
 *
 * `-N IPM-A-ADDRESS` refuses the whole of an ADD whose address is held by another; `-D IPM-A-ADDRESS -j IPM-O-<me>`
 * the whole of a DEL whose address went to another.
 */
export const HOOK = 'POSTROUTING'
export const DISPATCH = 'IP-MASQ'

export const JUMP: Rule = { target: { to: 'jump', chain: DISPATCH } }

/** IPv6 does not fit as it is printed. */
export function addressChain(address: Address): string {
  const text = formatAddress(address)
  return `IPM-A-${address.family === 'ip' ? text : sha256(text).slice(0, 20)}`
}

export const ownerPrefix = 'IPM-O-'

export function ownerChain(id: string): string {
  return `${ownerPrefix}${id}`
}

function hostPrefix(address: Address): Prefix {
  return subnetOf(address, FAMILIES[address.family].bits)
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

export function addressRow(address: Address): Rule {
  return { source: hostPrefix(address), target: { to: 'return' } }
}

/** The network's digest and the ADD's time, written as addresses: rules hold numbers in no other place. */
export function noteRow(
  family: Family,
  attachment: Attachment,
  epochSeconds: number,
  comment?: string,
): Rule {
  const width = FAMILIES[family].bits / 4
  const number = (digits: string): Prefix => ({
    family,
    digits: digits.padEnd(width, '0').slice(0, width),
    length: 4 * width,
  })
  const seconds = Math.floor(epochSeconds).toString(16).padStart(8, '0')
  return {
    source: number(networkDigest(attachment.network)),
    destination: number(seconds),
    ...(comment !== undefined && { comment }),
    target: { to: 'return' },
  }
}

/** For people, where the kernel has comments. */
export function noteText({ network, containerID, ifname, pod }: Attachment): string {
  return [network, containerID, ifname, pod]
    .map((field) => field.replace(/[^A-Za-z0-9_./-]/g, '_') || '-')
    .join(' ')
    .slice(0, 255)
}

export function ofFamily(family: Family, addresses: readonly Address[]): Address[] {
  return addresses.filter((address) => address.family === family)
}

export interface Addition {
  readonly family: Family
  readonly attachment: Attachment
  readonly addresses: readonly Address[]
  readonly policy: Policy
  readonly epochSeconds: number
  readonly hasComments: boolean
}

/** All of an attachment's in one family. Refused when any of it is there, or the policy is not. */
export function addAttachment(addition: Addition): Transaction {
  const { family, attachment, addresses, policy, epochSeconds, hasComments } = addition
  const id = attachmentId(attachment)
  const owner = ownerChain(id)
  const note = noteRow(family, attachment, epochSeconds, hasComments ? noteText(attachment) : undefined)
  return [
    { do: 'new-chain', chain: owner },
    { do: 'append', chain: owner, rule: note },
    ...addresses.flatMap((address): Operation[] => [
      { do: 'append', chain: owner, rule: addressRow(address) },
      { do: 'new-chain', chain: addressChain(address) },
      { do: 'append', chain: addressChain(address), rule: policyRule(policyChainName(policy, family)) },
      { do: 'append', chain: addressChain(address), rule: ownerRule(id) },
      { do: 'append', chain: DISPATCH, rule: dispatchRule(address) },
    ]),
  ]
}

/** All of an attachment's that has these addresses, and no others. Refused when that is not so. */
export function deleteAttachment(id: string, addresses: readonly Address[]): Transaction {
  return [
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

/** May run any number of times: chains are emptied and filled again. */
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
