import { CniError, type Reason } from '../cni/error'
import type { Path } from './path'

/** One thing that is wrong in what an operator wrote. */
export interface Fault {
  readonly reason: Reason
  /** Where it is: keys and indices from the outermost object on. */
  readonly path: Path
  readonly message: string
  /** What a system or a library said of it. */
  readonly details?: string
  /** The file that the path is in, where that is not the config itself. */
  readonly file?: string
}

/**
 * What a reader does with a fault. ADD's throws, so that the first fault ends the reading. That of `ip-masq validate` keeps
 * it and returns; the reader then goes on as if the part that is wrong were not there.
 */
export type Refuse = (fault: Fault) => void

export function raise({ reason, message, details }: Fault): never {
  throw new CniError(reason, message, details)
}
