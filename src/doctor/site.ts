import type { Machine } from '../backend/backend'
import type { Backends } from '../backend/places'
import type { ProfileName } from '../install/profiles'
import type { PrimaryFirewall } from '../primary/firewall'

/** The node that is looked at, and the means to look at it. */
export interface Site {
  readonly profile: ProfileName
  readonly binDir: string
  readonly confDir: string
  readonly cacheDirs: readonly string[]
  /** Somebody named the directories of the caches. */
  readonly areCachesNamed: boolean
  /** Other directories in which an executable of our name may be. */
  readonly otherBinDirs: readonly string[]
  readonly backend: () => Backends
  readonly machine: Machine
  readonly primaryFirewalls: () => Promise<readonly PrimaryFirewall[]>
}
