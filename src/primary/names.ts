import { sha512 } from '#system/digest'

/**
 * The names that the reference plugins (bridge and ptp, also when flannel or Multus starts them) give the rules of their
 * own masquerade. Versions 0.8 to 1.9 agree. `network` is the name of the list.
 */

/** One interface of one container in one network. */
export interface Named {
  readonly network: string
  readonly containerID: string
  readonly ifname: string
}

/** iptables: the chain in nat. All interfaces of a container in one network share it. */
export function chainName({ network, containerID }: Named): string {
  return `CNI-${sha512(network + containerID).slice(0, 24)}`
}

/** iptables: the comment of each of its rules, and of the rule in POSTROUTING that jumps to it. */
export function ruleComment({ network, containerID }: Named): string {
  return `name: "${network}" id: "${containerID}"`
}

/** nftables: the beginning of the comment of every rule of a network. */
export function networkMark(network: string): string {
  return sha512(network).slice(0, 16)
}

/** nftables: the beginning of the comment of an attachment's rule. The rest of it is for people, and may be cut. */
export function attachmentMark({ network, ifname, containerID }: Named): string {
  return `${networkMark(network)}-${sha512(`${ifname}:${containerID}`).slice(0, 16)}`
}
