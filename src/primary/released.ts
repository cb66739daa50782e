import { isObject, type JsonObject } from '../cni/json'
import { readSmallFile } from '../cni/small-file'
import type { Address } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import { isDirectory } from '../system/absent'
import { isMissing } from '../system/errors'
import { dirname, join } from '../system/paths'

/** Where host-local keeps its reservations, unless `ipam.dataDir` says otherwise. */
const DATA_DIR = '/var/lib/cni/networks'

/** The container and interface to which host-local gave an address. */
export interface Holder {
  readonly containerID: string
  /** Undefined where a version before 0.9 wrote the file. */
  readonly ifname: string | undefined
}

/**
 * Finds the holder of an address. host-local has a file for each address in use, named after it, with the container and
 * the interface. The file is written before the primary plugin makes a rule for the address, and removed by the DEL. So
 * an address without a file is free, and the container that had it is gone.
 *
 * 'unknown': another IPAM plugin, or nothing that can be read.
 */
export function holderOf(
  plugins: readonly JsonObject[],
  network: string,
  address: Address,
): Holder | 'free' | 'unknown' {
  const directory = directoryOf(plugins, network)
  if (directory === undefined) return 'unknown'
  const path = join(directory, formatAddress(address))
  try {
    const [containerID = '', ifname] = readSmallFile(path).trim().split(/\r?\n/)
    return containerID === '' ? 'unknown' : { containerID, ifname }
  } catch (error) {
    return isMissing(error) && isDirectory(dirname(path)) ? 'free' : 'unknown'
  }
}

function directoryOf(plugins: readonly JsonObject[], network: string): string | undefined {
  for (const { type, ipam } of plugins) {
    const { type: ipamType = type === 'flannel' ? 'host-local' : undefined, dataDir = DATA_DIR } = isObject(
      ipam,
    )
      ? ipam
      : {}
    if (ipamType === 'host-local' && typeof dataDir === 'string') return join(dataDir || DATA_DIR, network)
  }
  return undefined
}
