/** A chain of anybody that is hooked into the packets' path. */
export interface BaseChain {
  /** `ip`, `ip6`, `inet`, `arp`, `bridge` or `netdev`. */
  readonly family: string
  readonly table: string
  readonly name: string
  /** `filter`, `nat` or `route`. */
  readonly type: string
  readonly hook: string
  readonly priority: number
}
