import { type Address, digitsOf } from '../policy/address'
import type { Range } from '../policy/range'

export function isIn({ family, first, end }: Range, address: Address): boolean {
  const digits = digitsOf(address)
  return address.family === family && first <= digits && digits < end
}
