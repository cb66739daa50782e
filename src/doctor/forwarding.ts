import { readSystemFile } from '#system/proc'
import type { Family } from '../policy/address'
import { error, type Finding, note, ok, unseen } from './finding'

/** Whether the node forwards packets of pods, and which of them netfilter sees. */

export interface Forwarding {
  /** Each is `0` or `1`; undefined if the kernel has no such switch. */
  readonly ip: string | undefined
  readonly ip6: string | undefined
  readonly bridge: string | undefined
}

export function readForwarding(): Forwarding {
  const value = (name: string) => readSystemFile(`/proc/sys/net/${name}`)?.trim()
  return {
    ip: value('ipv4/ip_forward'),
    ip6: value('ipv6/conf/all/forwarding'),
    bridge: value('bridge/bridge-nf-call-iptables'),
  }
}

const SWITCHES = [
  { family: 'ip', check: 'ipv4-forwarding', name: 'IPv4', sysctl: 'net.ipv4.ip_forward' },
  { family: 'ip6', check: 'ipv6-forwarding', name: 'IPv6', sysctl: 'net.ipv6.conf.all.forwarding' },
] as const

/** `families` are those of the pods here; undefined if nobody knows. */
export function checkForwarding(
  read: Forwarding,
  families: ReadonlySet<Family> | undefined,
): readonly Finding[] {
  return SWITCHES.flatMap(({ family, check, name, sysctl }): Finding[] => {
    const value = read[family]
    const isNeeded = families?.has(family) ?? false
    const mend = `sysctl -w ${sysctl}=1, and the same in a file in /etc/sysctl.d for the next boot`
    if (value === undefined)
      return isNeeded
        ? [unseen(check, { what: `Cannot read ${sysctl}`, mend: 'mount /proc with its directory sys' })]
        : []
    if (value !== '0') return [ok(check, `the node forwards ${name}`)]
    if (!isNeeded) return [note(check, `${sysctl} is 0, and no pod is known to have ${name}`, { mend })]
    const why = `the node does not forward ${name}: these pods reach nothing outside of it`
    return [error(check, { what: `${sysctl} is 0, and pods here have ${name} addresses`, why, mend })]
  })
}

/** Only kube-proxy needs this. Our rules are for packets that are routed. */
export function checkBridge({ bridge }: Forwarding, hasBridge: boolean): readonly Finding[] {
  const check = 'bridge-netfilter'
  if (!hasBridge) return []
  if (bridge === '1')
    return [
      ok(check, 'netfilter sees what pods of one bridge send each other (bridge-nf-call-iptables is 1)'),
    ]
  const what = bridge === undefined ? 'br_netfilter is not loaded' : `bridge-nf-call-iptables is ${bridge}`
  return [
    note(check, what, {
      why: 'netfilter does not see what pods of one bridge send each other. ip-masq does not need that. kube-proxy does: a pod that reaches a pod of the same bridge through a Service gets no answer',
      mend: 'modprobe br_netfilter; sysctl -w net.bridge.bridge-nf-call-iptables=1',
    }),
  ]
}
