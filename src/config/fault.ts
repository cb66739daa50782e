import { CniError, type Reason } from '../cni/error'
import type { Path } from './path'

/** One mistake in a text that an operator wrote. */
export interface Fault {
  readonly reason: Reason
  /** The place: keys and indices from the outermost object on. */
  readonly path: Path
  readonly message: string
  /** The message of a system or a library about it. */
  readonly details?: string
  /** The file that the path is in, if that is not the config itself. */
  readonly file?: string
}

/**
 * A reader passes each fault to such a function. ADD's function throws, so the first fault ends the reading. The one of
 * `ip-masq validate` keeps the fault and returns; the reader then goes on as if the wrong part were absent.
 */
export type Refuse = (fault: Fault) => void

export function raise({ reason, message, details }: Fault): never {
  throw new CniError(reason, message, details)
}
