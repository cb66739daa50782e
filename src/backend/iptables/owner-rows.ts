import { sha256 } from '#system/digest'
import type { Attachment } from '../../cni/attachment'
import { type Address, FAMILIES, type Family } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import { parseDigits } from '../../policy/digits'
import { type Prefix, subnetOf } from '../../policy/prefix'
import { networkDigest } from '../identity'
import type { Rule } from './transaction'

/** The rules of an owner's chain. They do nothing, and hold what DEL, GC and people want to know. */

export function hostPrefix(address: Address): Prefix {
  return subnetOf(address, FAMILIES[address.family].bits)
}

export function addressRow(address: Address): Rule {
  return { source: hostPrefix(address), target: { to: 'return' } }
}

/** Writes digits as an address, although they are none: rules hold numbers in no other place. */
export function hostDigits(family: Family, digits: string): Prefix {
  const width = FAMILIES[family].bits / 4
  return { family, digits: digits.padEnd(width, '0').slice(0, width), length: 4 * width }
}

const HOSTS = { '-s': / -s ([0-9a-f.:]+)\/(\d+)/, '-d': / -d ([0-9a-f.:]+)\/(\d+)/ }

/** The digits of a rule's source or destination, if that is a single address: `-s 10.0.0.1/32`. */
export function digitsIn(rule: string, option: '-s' | '-d'): string | undefined {
  const [, text = '', length] = HOSTS[option].exec(` ${rule}`) ?? []
  const digits = parseDigits(text)
  return digits !== undefined && Number(length) === 4 * digits.length ? digits : undefined
}

/** A row with the network's digest, as much of it as fits, and the ADD's time for people. */
export function noteRow(
  family: Family,
  { network, epochSeconds }: { readonly network: string; readonly epochSeconds: number },
  comment?: string,
): Rule {
  // The smallest number marks the row with the digest, and the largest mark those of a record's rows.
  const seconds = Math.min(Math.max(Math.floor(epochSeconds), 2), LAST_SECOND)
  return {
    source: hostDigits(family, networkDigest(network)),
    destination: hostDigits(family, seconds.toString(16).padStart(8, '0')),
    ...(comment !== undefined && { comment }),
    target: { to: 'return' },
  }
}

/** Numbers above this one mark a record's row (`owner-record.ts`). Only a clock that is wrong shows 2089. */
export const LAST_SECOND = 0xdfffffff

/** Marks the row with the digest. It is no time of an ADD: it is in the first seconds of 1970. */
const DIGEST_MARK = 1n

/** The digest of the addresses that the ADD had in both families, as an address. `ownerValue` of nftables explains why. */
export function digestRow(family: Family, addresses: readonly Address[]): Rule {
  const width = FAMILIES[family].bits / 4
  const digest = sha256(JSON.stringify(addresses.map(formatAddress).sort()))
  const mark: Address = { family, value: DIGEST_MARK }
  return {
    source: { family, digits: digest.slice(0, width), length: 4 * width },
    destination: hostPrefix(mark),
    target: { to: 'return' },
  }
}

/** Whether a row is the one with the digest. `destination` holds its digits. */
export function isDigestRow(destination: string): boolean {
  return BigInt(`0x${destination}`) === DIGEST_MARK
}

/** A comment for people, where the kernel has comments. */
export function noteText({ network, containerID, ifname, pod }: Attachment): string {
  return [network, containerID, ifname, pod]
    .map((field) => field.replace(/[^A-Za-z0-9_./-]/g, '_') || '-')
    .join(' ')
    .slice(0, 255)
}
