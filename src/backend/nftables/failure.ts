import { CniError } from '../../cni/error'
import { explainDenial } from '../denied'
import { RefusedError, UnusableError } from '../tolerances'
import type { Carrier, Failed } from './carrier'

/**
 * How often to read and write again. A write that relies on a read is refused when another call changed the same
 * addresses in between.
 */
export const ATTEMPTS = 5

/** The CNI error for a failure that ends an ADD or a CHECK. `action` is, for example, "install the rules". */
export function toError(
  carrier: Pick<Carrier, 'explainRefusal' | 'explainUnusable'>,
  action: string,
  { failure, said }: Failed,
): CniError {
  switch (failure) {
    case 'unusable':
      return new UnusableError(`Cannot ${action}: ${carrier.explainUnusable()}`, said)
    case 'unsupported':
      return new UnusableError(
        `Cannot ${action}: this kernel lacks nftables features that the rules need; use "backend": "auto" or "iptables"`,
        said,
      )
    case 'unknown':
      return new CniError('tryAgain', `Cannot ${action}: ${said}; try again`)
    case 'denied':
      return new RefusedError(`Cannot ${action}: ${explainDenial(said)}`, said)
    case 'missing':
    case 'clash':
      return new CniError(
        'tryAgain',
        `Cannot ${action}: others changed the table at the same time; try again`,
        said,
      )
    case 'refused':
      return new RefusedError(`Cannot ${action}: ${carrier.explainRefusal()}`, said)
    default:
      return failure satisfies never
  }
}
