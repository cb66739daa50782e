import type { Address } from '../../policy/address'
import { attachmentId } from '../identity'
import {
  type Addition,
  addressChain,
  addressRules,
  DISPATCH,
  deleteChain,
  dispatchRule,
  includes,
  ownerChain,
  ownerRules,
} from './layout'
import { addressRow } from './owner-rows'
import type { AddressState, State } from './state'
import type { StateIndex } from './state-index'
import type { Operation, Transaction } from './transaction'

/**
 * Does what `addAttachment` does where some of its rules exist already, or stale holders have its addresses. Existing
 * chains are emptied and filled again instead of deleted and made: when somebody else changes the ruleset meanwhile,
 * iptables-nft begins again, and then it does not make a chain that it finds, even if the script deletes that chain first
 * (nft_refresh_transaction).
 */
export function rewriteAttachment(index: StateIndex, addition: Addition): Transaction {
  const { attachment, addresses } = addition
  const { state } = index
  const id = attachmentId(attachment)
  return [
    ...clearFormer(index, id, addresses),
    ...freshChain(state, ownerChain(id)),
    ...ownerRules(addition),
    ...addresses.flatMap((address): Transaction => {
      const found = index.address(address)
      return [
        ...freshChain(state, addressChain(address)),
        ...addressRules(address, addition),
        ...dispatchOnce(address, found?.dispatches ?? 0),
      ]
    }),
    ...clearLosers(index, id, addresses),
  ]
}

function freshChain({ chains }: State, chain: string): Transaction {
  return [{ do: chains.has(chain) ? 'flush-chain' : 'new-chain', chain }]
}

function dispatchOnce(address: Address, dispatches: number): Transaction {
  const rule = dispatchRule(address)
  if (dispatches === 0) return [{ do: 'append', chain: DISPATCH, rule }]
  return Array.from(
    { length: dispatches - 1 },
    (): Operation => ({ do: 'delete-rule', chain: DISPATCH, rule }),
  )
}

/** Clears addresses that the attachment had and has no more. */
function clearFormer(index: StateIndex, id: string, addresses: readonly Address[]): Transaction {
  const names = new Set(addresses.map(addressChain))
  const isFormer = (owners: readonly string[], chain: string) =>
    owners.every((owner) => owner === id) && !names.has(chain)
  return [
    ...index
      .heldBy(id)
      .filter(({ address, owners }) => isFormer(owners, addressChain(address)))
      .flatMap(takeDown),
    ...index
      .straysOf(id)
      .filter(({ chain, owners }) => isFormer(owners, chain))
      .flatMap(({ chain }) => deleteChain(chain)),
  ]
}

/**
 * Deletes the rows of the former holders of an address; a holder that loses its last row loses its chains too. It is
 * refused when the address went to somebody else in between: then the rows are already gone.
 */
function clearLosers(index: StateIndex, id: string, addresses: readonly Address[]): Transaction {
  const isNamed = (owner: string) =>
    index.heldBy(owner).some(({ address }) => !includes(addresses, address)) ||
    index.straysOf(owner).length > 0
  return [...new Set(addresses.flatMap(index.ownersOf))].flatMap((owner): Transaction => {
    if (owner.id === id) return []
    const lost = owner.addresses.filter((address) => includes(addresses, address))
    const chain = ownerChain(owner.id)
    if (lost.length === owner.addresses.length && !isNamed(owner.id)) return deleteChain(chain)
    return lost.map((address) => ({ do: 'delete-rule', chain, rule: addressRow(address) }))
  })
}

/** Deletes the rules of one address, whoever holds it. */
export function takeDown({ address, dispatches, hasChain }: AddressState): Transaction {
  const dispatch: Operation = { do: 'delete-rule', chain: DISPATCH, rule: dispatchRule(address) }
  return [
    ...Array.from({ length: dispatches }, () => dispatch),
    ...(hasChain ? deleteChain(addressChain(address)) : []),
  ]
}

/** Deletes chains that no rule leads to: those of these owners, or those in the way of these addresses. */
export function deleteStrays(
  { strays }: State,
  ids: ReadonlySet<string>,
  addresses: readonly Address[],
): Transaction {
  const names = new Set(addresses.map(addressChain))
  return strays
    .filter(({ chain, owners }) => names.has(chain) || owners.some((id) => ids.has(id)))
    .flatMap(({ chain }) => deleteChain(chain))
}
