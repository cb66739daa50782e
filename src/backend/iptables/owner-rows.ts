import type { Attachment } from '../../cni/attachment'
import { sha256 } from '../../hash'
import { type Address, FAMILIES, type Family, formatAddress } from '../../policy/address'
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

export function isDigestRow(destination: Address): boolean {
  return destination.value === DIGEST_MARK
}

/** For people, where the kernel has comments. */
export function noteText({ network, containerID, ifname, pod }: Attachment): string {
  return [network, containerID, ifname, pod]
    .map((field) => field.replace(/[^A-Za-z0-9_./-]/g, '_') || '-')
    .join(' ')
    .slice(0, 255)
}
