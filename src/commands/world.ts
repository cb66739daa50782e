import type { Machine } from '../backend/backend'
import type { Backends } from '../backend/places'
import type { PrimaryFirewall } from '../primary/firewall'

/** What an operator command needs of the process edge. */
export interface World {
  readonly backend: () => Backends
  /** The node's tools, and what else a look at the node takes. */
  readonly machine: Machine
  /** Where primary plugins may have put masquerade rules of their own. */
  readonly primaryFirewalls: () => Promise<readonly PrimaryFirewall[]>
  readonly write: (text: string) => Promise<void>
  /** One line without its end: bold where stdout is a terminal and NO_COLOR is unset. */
  readonly writeHeading: (line: string) => Promise<void>
  /** `level` is for a log that has levels; absent: `warning`. */
  readonly writeError: (text: string, level?: 'info' | 'error') => Promise<void>
  /** From here on no output holds the process up: what nobody takes within a second is dropped and counted. */
  readonly stay: () => Promise<void>
}
