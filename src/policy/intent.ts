import type { Family } from './address'
import type { InterfacePattern } from './interface'
import type { PortRange } from './ports'
import type { Prefix } from './prefix'
import type { Range } from './range'

/** What is asked for one pod: config, files and the pod's own wishes put together; its addresses are not in it. */
export interface Intent {
  /** Absent: the default list named by `nonMasqueradeDefaults`. */
  readonly nonMasqueradeCIDRs?: readonly Prefix[]
  readonly nonMasqueradeDefaults: 'private' | 'reserved'
  /** Exempt besides, whatever the list. */
  readonly clusterCIDRs: readonly Prefix[]
  /** Exceptions to what is exempt. */
  readonly masqueradeCIDRs: readonly Prefix[]
  /** Absent: all. */
  readonly destinations?: readonly Prefix[]
  readonly masqLinkLocal: boolean
  readonly masqLinkLocalIPv6: boolean
  readonly masquerade: Readonly<Record<Family, boolean>>
  readonly snatTo: { readonly [F in Family]?: Range }
  readonly toPorts: readonly PortRange[]
  readonly outInterfaces: readonly InterfacePattern[]
  readonly fullyRandom: boolean
  readonly pinExemptions: boolean
}
