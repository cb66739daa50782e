import type { Tools } from '../backend/backend'
import { CniError } from '../cni/error'
import type { Address } from '../policy/address'
import { MalformedError, parseAddress, parsePrinted } from '../policy/address-text'
import { parsePrefix } from '../policy/prefix'
import { type Range, rangeBetween, rangeOf } from '../policy/range'

/** The destination of a question: an address or a prefix, as it was written, or one of the addresses of a name. */
export interface Destination {
  readonly text: string
  readonly range: Range
}

export type WrittenDestination = Destination | { readonly name: string }

/** Parses an address, a prefix, or a name that has to be looked up. Throws a MalformedError. */
export function parseDestination(text: string): WrittenDestination {
  if (text.includes('/')) return { text, range: rangeOf(parsePrefix(text)) }
  if (/^[0-9.]+$/.test(text) || text.includes(':')) return ofAddress(text, parseAddress(text))
  if (/^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})$/.test(text)) return { name: text }
  throw new MalformedError('write an address, a prefix, or a name')
}

function ofAddress(text: string, address: Address): Destination {
  return { text, range: rangeBetween(address, address) }
}

/**
 * Returns the addresses of a name that the node's own resolver knows. The static executable has no resolver, so
 * getent(1) is asked. Throws a CniError.
 */
export function resolve(name: string, run: Tools): Destination[] {
  const result = run('getent', ['ahosts', name], '')
  if (result.outcome === 'not-started')
    throw new CniError('ioFailure', `Cannot resolve ${name}: there is no getent here; write its address`)
  const lines = result.outcome === 'exited' ? result.stdout.split('\n') : []
  const found = new Set(lines.flatMap((line) => /^(\S+)\s/.exec(line)?.[1] ?? []))
  const addresses = [...found].flatMap((text): Destination[] => {
    const address = parsePrinted(text)
    return address ? [ofAddress(text, address)] : []
  })
  if (addresses.length === 0)
    throw new CniError('ioFailure', `Cannot resolve ${name}: the node's resolver knows no address of it`)
  return addresses
}
