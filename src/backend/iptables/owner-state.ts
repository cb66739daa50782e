import { type Address, addressOf } from '../../policy/address'
import type { ListedNote } from '../backend'
import { networkDigest } from '../identity'
import { parseRecord, recordIndex } from './owner-record'
import { digitsIn, isDigestRow } from './owner-rows'

/** The content of an owner's chain. */
export interface OwnerState {
  readonly id: string
  readonly addresses: readonly Address[]
  readonly note?: ListedNote
  /** Each row that an ADD writes is there exactly once. An older version wrote no record. */
  readonly isWhole: boolean
}

interface Row {
  readonly source: string
  readonly destination: string
  readonly rule: string
}

/** `rules` are printed as `-S` prints them, without `-A CHAIN `. */
export function parseOwner(id: string, rules: readonly string[]): OwnerState {
  const addresses: Address[] = []
  const rows: Row[] = []
  for (const rule of rules) {
    const [source, destination] = [digitsIn(rule, '-s'), digitsIn(rule, '-d')]
    if (source === undefined) continue
    if (destination === undefined) addresses.push(addressOf(source))
    else rows.push({ source, destination, rule })
  }
  const digests = rows.filter(({ destination }) => isDigestRow(destination))
  const recorded = rows.filter(({ destination }) => recordIndex(destination) !== undefined)
  const notes = rows.filter((row) => !digests.includes(row) && !recorded.includes(row))
  const record = parseRecord(recorded)
  const note = notes.at(-1)
  return {
    id,
    addresses,
    ...(note && { note: noteOf(note, record) }),
    isWhole: digests.length === 1 && notes.length === 1 && (recorded.length === 0 || record !== undefined),
  }
}

/** A digest takes 16 digits; a note for IPv4 has room for half of them. */
const DIGEST_DIGITS = 16

function noteOf({ source, destination, rule }: Row, record: ReturnType<typeof parseRecord>): ListedNote {
  const comment = /--comment "?([^"]*?)"? -j RETURN$/.exec(rule)?.[1] ?? ''
  const [network = '-', containerID = '-', ifname = '-', pod = '-'] = comment.split(' ')
  const { digestRest, ...recorded } = record ?? {}
  const digest = source.slice(0, DIGEST_DIGITS)
  return {
    networkDigest: digest.length === DIGEST_DIGITS ? digest : wholeDigest(digest, digestRest, network),
    epochSeconds: Number.parseInt(destination.slice(0, 8), 16),
    ...recorded,
    network,
    containerID,
    ifname,
    pod: pod === '-' ? '' : pod,
  }
}

/**
 * The network's digest. An older version wrote no record; then the comment has the network's name. Without a comment only
 * half the digest is known, and it proves nothing: two names with the same half are found in seconds.
 */
function wholeDigest(half: string, rest: string | undefined, network: string): string {
  if (rest !== undefined) return `${half}${rest}`
  const named = networkDigest(network)
  return named.startsWith(half) ? named : half
}
