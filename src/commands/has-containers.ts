import { lookAtNamespaces } from '../sync/namespaces'

/** Whether the node may have pods: some network namespace has an address, or cannot be looked into. */
export function hasContainers(): boolean {
  const { addresses, unseen } = lookAtNamespaces()
  return unseen.length > 0 || [...addresses].some((address) => !isLoopback(address))
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}
