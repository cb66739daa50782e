import type { Backend } from '../backend/backend'
import type { Backends } from '../backend/places'
import type { Environment } from '../cni/environment'
import type { JsonObject } from '../cni/json'
import type { PrimaryFirewall } from '../primary/firewall'

/** One call by the runtime, and what it needs from outside. */
export interface Call {
  readonly environment: Environment
  /** Reads stdin to its end; throws the system's message. */
  readonly readStdin: () => string
  /** All tool runs made through it together take no longer than a call may. */
  readonly backend: Backends
  /** The same, with this many milliseconds for all tool runs together. */
  readonly backendWithin: (milliseconds: number) => Backend
  /** Where primary plugins may have put masquerade rules of their own. */
  readonly primaryFirewalls: () => Promise<readonly PrimaryFirewall[]>
  /** Where libcni keeps its results. */
  readonly cacheDir: string
}

/** `warnings` go to stderr, one line each; runtimes log them. */
export interface Reply {
  readonly stdout: string
  readonly warnings: readonly string[]
  readonly isError: boolean
}

/** The reply of a verb that succeeds; one that fails throws. */
export type Answer = Pick<Reply, 'stdout' | 'warnings'>

/** The config on stdin, for the verbs that read it. */
export interface Input {
  read(): { readonly text: string; readonly config: JsonObject }
}
