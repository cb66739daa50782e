import {
  type Address,
  FAMILIES,
  type Family,
  formatAddress,
  MalformedError,
  parseAddress,
  parsePrinted,
} from './address'

/** A network: `value` has no bits set beyond `length`. */
export interface Prefix extends Address {
  readonly length: number
}

/** `10.0.0.0/8`: strict address, decimal length, no host bits. */
export function parsePrefix(text: string): Prefix {
  const { address, length } = parseAddressWithLength(text)
  const prefix = subnetOf(address, length)
  if (prefix.value !== address.value) {
    const host = formatPrefix({ ...address, length: FAMILIES[address.family].bits })
    throw new MalformedError(`write the network "${formatPrefix(prefix)}", or "${host}" for the one address`)
  }
  return prefix
}

/** The same, and an address alone for the one address. */
export function parseAddressOrPrefix(text: string): Prefix {
  const address = parsePrinted(text)
  return address ? parsePrefix(`${text}/${FAMILIES[address.family].bits}`) : parsePrefix(text)
}

/** An interface address as CNI results carry it: `10.244.1.7/24`, host bits and all. */
export function parseAddressWithLength(text: string): { address: Address; length: number } {
  const slash = text.indexOf('/')
  const [addressText, suffix] = slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash)]
  if (text.trim() === '')
    throw new MalformedError('write a CIDR, as in "10.0.0.0/8", or remove the empty item')
  const address = parseAddress(addressText, suffix || '/8')
  const { bits, label } = FAMILIES[address.family]
  if (suffix === '') throw new MalformedError(`add the prefix length, as in "${text}/${bits}"`)
  if (!/^\/(0|[1-9]\d{0,2})$/.test(suffix) || Number(suffix.slice(1)) > bits) {
    throw new MalformedError(`write a prefix length from 0 to ${bits} for ${label}`)
  }
  return { address, length: Number(suffix.slice(1)) }
}

/** A prefix of the code's own, which needs no check. */
export function prefixOf(text: string): Prefix {
  const [address = '', length] = text.split('/')
  const parsed = parsePrinted(address)
  if (!parsed) throw new Error(`"${text}" is no prefix`)
  return { ...parsed, length: Number(length) }
}

export function subnetOf({ family, value }: Address, length: number): Prefix {
  const hostBits = BigInt(FAMILIES[family].bits - length)
  return { family, value: (value >> hostBits) << hostBits, length }
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix)}/${prefix.length}`
}

export function ofFamily<T extends Address>(family: Family, items: readonly T[]): T[] {
  return items.filter((item) => item.family === family)
}
