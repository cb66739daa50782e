import { type Address, addressOf, digitsOf, toMapped } from '../../policy/address'

/**
 * An address of either family as the 32 hex digits of its mapped IPv6 form (`toMapped`). The maps' elements are read in this
 * form, in which thousands of them are compared without a number for each.
 */

export const DIGITS = 32

/** What the digits of an IPv4 address come after. */
export const MAPPED_DIGITS = '00000000000000000000ffff'

export function addressOfMapped(digits: string): Address {
  return addressOf(digits.startsWith(MAPPED_DIGITS) ? digits.slice(MAPPED_DIGITS.length) : digits)
}

export function mappedDigits(address: Address): string {
  return digitsOf({ family: 'ip6', value: toMapped(address) })
}
