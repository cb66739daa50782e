import { encode } from '#system/text'
import { MalformedError } from './address-text'

/** An interface, or all whose names begin with this text. Each backend spells the second in its own way. */
export interface InterfacePattern {
  readonly name: string
  readonly isWildcard: boolean
}

/** The kernel's IFNAMSIZ without the final zero. A wildcard character counts, in nft and in iptables. */
const LONGEST = 15

/** `eth0`, or `bond+` and `bond*` for all that begin with "bond". */
export function parseInterface(text: string): InterfacePattern {
  const isWildcard = /[+*]$/.test(text)
  const name = isWildcard ? text.slice(0, -1) : text
  if (name === '') {
    throw new MalformedError(
      isWildcard
        ? 'write a name before the wildcard, as in "bond+", or leave outInterfaces out for all interfaces'
        : 'write an interface, as in "eth0" or "bond+"',
    )
  }
  if (/[+*]/.test(name)) throw new MalformedError('write "+" or "*" at the end only, as in "bond+"')
  // We could not match a name that nft's quoted strings or iptables' lines cannot hold.
  const isName = /^[^/:\s"\\\p{C}]+$/u.test(name) && !['.', '..', '!'].includes(name)
  if (!isName || encode(text).length > LONGEST) {
    throw new MalformedError(
      `write the name of an interface: at most ${LONGEST} bytes, without "/", ":", quotes and white space`,
    )
  }
  return { name, isWildcard }
}
