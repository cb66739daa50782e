import { lookAtNamespaces } from '../sync/namespaces'

/** Whether some network namespace of the node has an address, or cannot be looked into: then there may be pods. */
export function hasContainers(): boolean {
  const { addresses, unseen } = lookAtNamespaces()
  return unseen.length > 0 || [...addresses].some((address) => !isLoopback(address))
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}
