import type { Address } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import type { OwnerState } from './owner-state'
import type { AddressState, State, StrayState } from './state'

/**
 * A state, with answers by key to what is asked for each attachment. A sync asks for all of them, and with a walk for each
 * answer its time would grow with the square of the number of pods.
 */
export interface StateIndex {
  readonly state: State
  address(address: Address): AddressState | undefined
  owner(id: string): OwnerState | undefined
  /** The addresses whose chains name this owner. */
  heldBy(id: string): readonly AddressState[]
  /** The strays that name this owner. */
  straysOf(id: string): readonly StrayState[]
  /** The owners that have a row for this address. */
  ownersOf(address: Address): readonly OwnerState[]
}

export function indexState(state: State): StateIndex {
  const byAddress = new Map(state.addresses.map((one) => [formatAddress(one.address), one]))
  const byId = new Map(state.owners.map((owner) => [owner.id, owner]))
  const held = gather(state.addresses, ({ owners }) => owners)
  const strays = gather(state.strays, ({ owners }) => owners)
  const owners = gather(state.owners, ({ addresses }) => addresses.map(formatAddress))
  return {
    state,
    address: (address) => byAddress.get(formatAddress(address)),
    owner: (id) => byId.get(id),
    heldBy: (id) => held.get(id) ?? [],
    straysOf: (id) => strays.get(id) ?? [],
    ownersOf: (address) => owners.get(formatAddress(address)) ?? [],
  }
}

/** The items by each of their keys, in their order. */
function gather<T>(items: readonly T[], keysOf: (item: T) => readonly string[]): Map<string, T[]> {
  const gathered = new Map<string, T[]>()
  for (const item of items) {
    for (const key of keysOf(item)) {
      const known = gathered.get(key)
      if (known) known.push(item)
      else gathered.set(key, [item])
    }
  }
  return gathered
}
