import { CACHE_DIR, type LaneKind } from './lane'
import type { Add, Check, Del, Gc, Ip, Keys, Pod, Shape } from './operations'

/** What goes to the product's stdin and environment, and what libcni writes. */

export interface Context {
  readonly kind: LaneKind
  readonly conf: Readonly<Record<string, Keys>>
}

export function netnsOf({ containerID }: Pick<Pod, 'containerID'>): string {
  return `pod-${[...containerID].reduce((hash, c) => (hash * 31 + c.charCodeAt(0)) % 1_000_003, 7)}`
}

export function environmentOf({
  call,
  pod,
}: Pick<Add | Del | Check, 'call' | 'pod'>): Record<string, string> {
  return {
    CNI_COMMAND: call,
    CNI_CONTAINERID: pod.containerID,
    CNI_IFNAME: pod.ifname,
    CNI_NETNS: `/var/run/netns/${netnsOf(pod)}`,
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${pod.containerID.slice(0, 20)}`,
  }
}

/** A plugin config as libcni makes it of the conflist. */
export function configOf(
  { network, version }: { readonly network: string; readonly version: string },
  { kind, conf }: Context,
): Record<string, unknown> {
  return { cniVersion: version, name: network, type: 'ip-masq', ...conf[network], ...kind.keys }
}

export function stdinOf(call: Add | Del | Check, context: Context): string {
  if (call.call === 'DEL') {
    if (call.prevResult === 'broken') return '{"cniVersion": "1.0.0", "name'
    const config = configOf({ ...call, version: '1.0.0' }, context)
    if (call.prevResult === 'none') return JSON.stringify(config)
    return JSON.stringify({ ...config, prevResult: resultOf(call.pod, call.prevResult, 'sandbox') })
  }
  const config = configOf(
    { network: call.network, version: call.call === 'ADD' ? call.version : '1.0.0' },
    context,
  )
  const shape = call.call === 'ADD' ? call.shape : 'sandbox'
  const keys = call.call === 'CHECK' && !call.repairs ? { repairOnCheck: false } : {}
  return JSON.stringify({ ...config, ...keys, prevResult: resultOf(call.pod, call.ips, shape) })
}

export function gcConfig({ network, valid }: Gc, context: Context): Record<string, unknown> {
  const config = configOf({ network, version: '1.1.0' }, context)
  return { ...config, 'cni.dev/valid-attachments': valid }
}

export function resultOf(pod: Pod, ips: readonly Ip[], shape: Shape): Record<string, unknown> {
  const list = ips.map(({ address, length }) => ({ address: `${address}/${length}` }))
  if (shape === 'bare') return { cniVersion: '1.0.0', ips: list, dns: {} }
  const interfaces = [
    { name: 'cni0', mac: '02:00:00:00:00:01' },
    { name: pod.ifname, mac: '02:00:00:00:00:02', sandbox: `/var/run/netns/${netnsOf(pod)}` },
  ]
  const at = shape === 'host' ? 0 : 1
  const own = list.map((ip) => ({ ...ip, interface: at }))
  const extra = shape === 'extra' ? [{ address: '10.99.99.99/24', interface: 0 }] : []
  return { cniVersion: '1.0.0', interfaces, ips: [...own, ...extra], dns: {}, 'com.example/kept': [1, 'ü'] }
}

export function cacheEntry(call: Add, context: Context): { path: string; text: string } {
  const { pod, network, ips, shape } = call
  const plugin = { type: 'ip-masq', ...context.conf[network], ...context.kind.keys }
  const conflist = { cniVersion: '1.0.0', name: network, plugins: [{ type: 'bridge' }, plugin] }
  const entry = {
    kind: 'cniCacheV1',
    containerId: pod.containerID,
    config: Buffer.from(JSON.stringify(conflist)).toString('base64'),
    ifName: pod.ifname,
    networkName: network,
    netns: `/var/run/netns/${netnsOf(pod)}`,
    cniArgs: [['K8S_POD_NAMESPACE', 'shop']],
    result: resultOf(pod, ips, shape),
  }
  return { path: cacheFile(network, pod), text: JSON.stringify(entry) }
}

export function cacheFile(network: string, { containerID, ifname }: Pod): string {
  return `${CACHE_DIR}/results/${network}-${containerID}-${ifname}`
}
