import type { JsonObject } from '../cni/json'
import { nestedPlugins } from './nested-plugins'

/** A network plugin that masquerades by itself, outside of the conflist. */
export interface Neighbour {
  readonly name: string
  /** Its section of docs/neighbours.md. */
  readonly section: string
}

const BY_TYPE: Readonly<Record<string, Neighbour>> = {
  calico: { name: 'Calico', section: 'calico' },
  'cilium-cni': { name: 'Cilium', section: 'cilium' },
  'aws-cni': { name: 'the AWS VPC CNI', section: 'aws-vpc-cni' },
  'azure-vnet': { name: 'Azure CNI', section: 'azure-cni' },
  'weave-net': { name: 'Weave Net', section: 'weave-net' },
  antrea: { name: 'Antrea', section: 'antrea' },
  'ovn-k8s-cni-overlay': { name: 'OVN-Kubernetes', section: 'ovn-kubernetes' },
  'kube-ovn': { name: 'Kube-OVN', section: 'kube-ovn' },
  'cni-kindnet': { name: 'kindnet', section: 'kindnet' },
  kindnet: { name: 'kindnet', section: 'kindnet' },
}

const KUBE_ROUTER: Neighbour = { name: 'kube-router', section: 'kube-router' }
const KINDNET: Neighbour = { name: 'kindnet', section: 'kindnet' }

/**
 * The first plugin that masquerades by itself, in the list or among plugins that it delegates to. Two of them have
 * reference plugins in their conflists, and are recognised by other signs.
 */
export function neighbourIn(conflist: JsonObject): Neighbour | undefined {
  for (const { plugin, network } of nestedPlugins(conflist)) {
    const type = String(plugin.type)
    if (Object.hasOwn(BY_TYPE, type)) return BY_TYPE[type]
    if (type === 'bridge' && plugin.bridge === 'kube-bridge') return KUBE_ROUTER
    if (type === 'ptp' && network === 'kindnet') return KINDNET
  }
  return undefined
}
