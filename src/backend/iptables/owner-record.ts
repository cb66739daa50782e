import { decode, encode } from '#system/text'
import { FAMILIES, type Family } from '../../policy/address'
import { networkDigest } from '../identity'
import { ORIGINS, type Origin } from '../listed'
import { hostDigits } from './owner-rows'
import type { Rule } from './transaction'

/**
 * An owner's chain has its note and this record: bytes, cut into rules that do nothing. The destination of such a rule
 * begins with a byte from 0xe0 to 0xff, which counts the rules; the rest of it and the source hold the bytes. (The
 * destination of a note is a time, and no clock shows 2089. An older version reads only the last rule of this kind, so
 * the note comes after these.)
 *
 *   1 byte   how the rules came to be: 0 unknown, else 1 + its place in `ORIGINS`
 *   4 bytes  the half of the network's digest that a note for IPv4 has no room for
 *   4 bytes  seconds since the boot; 0 for unknown
 *   rest     the path of the network namespace (`packNetns`)
 */
export interface OwnerRecord {
  readonly origin?: Origin
  readonly bootSeconds?: number
  readonly netns?: string
}

const FIRST_MARK = 0xe0
const MOST_ROWS = 0x20

export function recordRows(family: Family, network: string, record: OwnerRecord): Rule[] {
  const { origin, bootSeconds = 0, netns = '' } = record
  const width = FAMILIES[family].bits / 4
  const perRow = 2 * width - 2
  const fixed = [
    hex(origin === undefined ? 0 : 1 + ORIGINS.indexOf(origin), 2),
    networkDigest(network).slice(8),
    hex(Math.floor(bootSeconds), 8),
  ].join('')
  const path = packNetns(netns)
  // A path that does not fit is not recorded: a part of it would name another namespace.
  const digits = fixed.length + path.length > MOST_ROWS * perRow ? fixed : `${fixed}${path}`
  return Array.from({ length: Math.ceil(digits.length / perRow) }, (_, i): Rule => {
    const row = digits.slice(i * perRow, (i + 1) * perRow).padEnd(perRow, '0')
    return {
      source: hostDigits(family, row.slice(0, width)),
      destination: hostDigits(family, `${hex(FIRST_MARK + i, 2)}${row.slice(width)}`),
      target: { to: 'return' },
    }
  })
}

/** The number of a record's row, from the digits of its destination; undefined for a rule of another kind. */
export function recordIndex(destination: string): number | undefined {
  const index = Number.parseInt(destination.slice(0, 2), 16) - FIRST_MARK
  return index >= 0 ? index : undefined
}

/**
 * Joins the rows of a record. `source` and `destination` are digits, in the order of the rows' numbers. Undefined if a
 * row is missing.
 */
export function parseRecord(
  rows: readonly { readonly source: string; readonly destination: string }[],
): (OwnerRecord & { readonly digestRest: string }) | undefined {
  if (rows.length === 0 || rows.some(({ destination }, i) => recordIndex(destination) !== i)) return undefined
  const digits = rows.map(({ source, destination }) => `${source}${destination.slice(2)}`).join('')
  const origin = ORIGINS[Number.parseInt(digits.slice(0, 2), 16) - 1]
  const bootSeconds = Number.parseInt(digits.slice(10, 18), 16)
  const netns = unpackNetns(digits.slice(18))
  return {
    digestRest: digits.slice(2, 10),
    ...(origin !== undefined && { origin }),
    ...(bootSeconds > 0 && { bootSeconds }),
    ...(netns !== '' && { netns }),
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

/**
 * The usual beginnings of runtimes' paths. With them a usual path takes 17 bytes, which are three rules of IPv4. The first
 * byte is the index in this list, so the list may only grow. If its highest bit is set, 16 bytes of a UUID follow.
 */
const BEGINNINGS = [
  '',
  '/var/run/netns/cni-',
  '/run/netns/cni-',
  '/var/run/netns/',
  '/run/netns/',
  '/var/run/docker/netns/',
  '/proc/',
] as const
const IS_UUID = 0x80

const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/

function packNetns(path: string): string {
  if (path === '') return ''
  // The empty beginning always fits, and is the first in the list.
  const code = Math.max(
    0,
    BEGINNINGS.findIndex((one) => one !== '' && path.startsWith(one)),
  )
  const rest = path.slice(BEGINNINGS[code]?.length)
  const uuid = UUID.exec(rest)
  if (uuid) return `${hex(code + IS_UUID, 2)}${uuid.slice(1).join('')}`
  return `${hex(code, 2)}${[...encode(rest)].map((byte) => hex(byte, 2)).join('')}`
}

/** Reads a path back. Zeros fill up the last row; a path has none. */
function unpackNetns(digits: string): string {
  const code = Number.parseInt(digits.slice(0, 2) || '0', 16)
  const beginning = BEGINNINGS[code & ~IS_UUID]
  // A later version may know more beginnings.
  if (beginning === undefined) return ''
  if (code & IS_UUID) {
    const uuid = digits.slice(2, 34)
    return `${beginning}${uuid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`
  }
  const bytes = (digits.slice(2).match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16))
  const end = bytes.indexOf(0)
  return `${beginning}${decode(new Uint8Array(end < 0 ? bytes : bytes.slice(0, end)))}`
}
