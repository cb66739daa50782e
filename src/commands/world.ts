import type { Machine } from '../backend/backend'
import type { Backends } from '../backend/places'
import type { PrimaryFirewall } from '../primary/firewall'

/** The things that an operator command needs from the process edge. */
export interface World {
  readonly backend: () => Backends
  /** The node's tools, and everything else for a look at the node. */
  readonly machine: Machine
  /** The places where primary plugins may have put their own masquerade rules. */
  readonly primaryFirewalls: () => Promise<readonly PrimaryFirewall[]>
  readonly write: (text: string) => Promise<void>
  /** Writes one line, given without its end. It is bold if stdout is a terminal and NO_COLOR is unset. */
  readonly writeHeading: (line: string) => Promise<void>
  /** `level` is for a log that has levels. If it is absent, the level is `warning`. */
  readonly writeError: (text: string, level?: 'info' | 'error') => Promise<void>
  /**
   * From this call on no output holds the process up. Text that nobody takes within a second is dropped and counted.
   */
  readonly stay: () => Promise<void>
}
