import type { Family } from './address'
import type { InterfacePattern } from './interface'
import type { PortRange } from './ports'
import type { Prefix } from './prefix'
import type { Prefixes } from './prefixes'
import type { Range } from './range'

/** The requests for one pod by config, files and the pod's own wishes; the pod's addresses are not part of it. */
export interface Intent {
  /** One list for each place where some are written. Absent: the default list named by `nonMasqueradeDefaults`. */
  readonly nonMasqueradeCIDRs?: readonly Prefixes[]
  readonly nonMasqueradeDefaults: 'private' | 'reserved'
  /** These are exempt too, whatever the list. */
  readonly clusterCIDRs: readonly Prefix[]
  /** Exceptions to the exempt prefixes. */
  readonly masqueradeCIDRs: readonly Prefix[]
  /** Absent: all. */
  readonly destinations?: readonly Prefix[]
  /**
   * Several Windows policies, each of which acts by itself: a destination is masqueraded if one of them masquerades it.
   * Absent if there are fewer than two, because the keys above can express one.
   */
  readonly policies?: readonly PolicyIntent[]
  /** Only pods with addresses in these are masqueraded; absent: all pods. */
  readonly onlyPodCIDRs?: readonly Prefix[]
  /** Pods with addresses in these are not masqueraded. */
  readonly exceptPodCIDRs: readonly Prefix[]
  readonly masqLinkLocal: boolean
  readonly masqLinkLocalIPv6: boolean
  readonly masquerade: Readonly<Record<Family, boolean>>
  readonly snatTo: { readonly [F in Family]?: Range }
  readonly toPorts: readonly PortRange[]
  readonly outInterfaces: readonly InterfacePattern[]
  readonly fullyRandom: boolean
  readonly pinExemptions: boolean
}

/** One of several policies. */
export interface PolicyIntent {
  /** Exempt for this policy only. */
  readonly exceptions: readonly Prefix[]
  /** Absent: all. */
  readonly destinations?: readonly Prefix[]
  /** The policy's own source; absent: the source of the whole intent. */
  readonly snatTo: { readonly [F in Family]?: Range }
}
