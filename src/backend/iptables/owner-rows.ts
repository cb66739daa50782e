import { sha256 } from '#system/digest'
import type { Attachment } from '../../cni/attachment'
import { type Address, FAMILIES, type Family, formatAddress, parseDigits } from '../../policy/address'
import { type Prefix, subnetOf } from '../../policy/prefix'
import { networkDigest } from '../identity'
import type { Rule } from './transaction'

/** The rules of an owner's chain: they do nothing, and hold what DEL, GC and people want to know. */

export function hostPrefix(address: Address): Prefix {
  return subnetOf(address, FAMILIES[address.family].bits)
}

export function addressRow(address: Address): Rule {
  return { source: hostPrefix(address), target: { to: 'return' } }
}

/** Digits that are no address, written as one: rules hold numbers in no other place. */
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

/** The network's digest, as much of it as fits, and the ADD's time for people. */
export function noteRow(
  family: Family,
  { network, epochSeconds }: { readonly network: string; readonly epochSeconds: number },
  comment?: string,
): Rule {
  // The smallest number is the mark of the row with the digest, and the largest are those of a record's rows.
  const seconds = Math.min(Math.max(Math.floor(epochSeconds), 2), LAST_SECOND)
  return {
    source: hostDigits(family, networkDigest(network)),
    destination: hostDigits(family, seconds.toString(16).padStart(8, '0')),
    ...(comment !== undefined && { comment }),
    target: { to: 'return' },
  }
}

/** What is above is the mark of a record's row (`owner-record.ts`); no clock shows 2089 but by mistake. */
export const LAST_SECOND = 0xdfffffff

/** No time of an ADD: the first seconds of 1970. */
const DIGEST_MARK = 1n

/** What the ADD had in both families, as an address: see `ownerValue` of nftables for why. */
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

/** `destination`: its digits. */
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
