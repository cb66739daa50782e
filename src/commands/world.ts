import type { Backend } from '../backend/backend'
import type { PrimaryFirewall } from '../primary/firewall'

/** What an operator command needs of the process edge. */
export interface World {
  readonly backend: () => Backend
  /** Where primary plugins may have put masquerade rules of their own. */
  readonly primaryFirewalls: () => Promise<readonly PrimaryFirewall[]>
  readonly epochSeconds: () => number
  /** Seconds since the boot (CLOCK_BOOTTIME). */
  readonly bootSeconds: () => number
  /** The file of the program that runs. */
  readonly executable: () => string
  /** The effective user ID; 0 is root. */
  readonly user: () => number
  /** From here on all paths and tools are those of this directory, the host's / in a container. */
  readonly enterHostRoot: (root: string) => void
  readonly readStdin: () => Promise<string>
  readonly write: (text: string) => Promise<void>
  readonly writeError: (text: string) => Promise<void>
  /** From here on no output holds the process up: what nobody takes within a second is dropped and counted. */
  readonly stay: () => Promise<void>
  /** Calls back once when the process is asked to end (SIGTERM, SIGINT). */
  readonly onStop: (stop: () => void) => void
}
