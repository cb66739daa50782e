import { type BackendSetting, CARRIER_SETTINGS, type CarrierSetting } from './backend/backend'
import { toCniError } from './cni/error'
import { isObject, type JsonObject } from './cni/json'
import { distinctAddresses, parseAddresses } from './cni/prev-result'
import type { Address } from './policy/address'

/** What makes a DEL faster, and may be missing or wrong. */
export interface Hint {
  /** The addresses of prevResult, or none. */
  readonly hint: Address[]
  /** Where to look first. */
  readonly setting: BackendSetting
  readonly carrier: CarrierSetting
  /** The config cannot be read. */
  readonly isGuess?: boolean
  readonly warnings: string[]
}

/** What would fail an ADD is a line on stderr here, or nothing. */
export function parseHint(readConfig: () => JsonObject, ifname: string): Hint {
  let setting: BackendSetting = 'auto'
  let carrier: CarrierSetting = 'auto'
  try {
    const { prevResult, backend, ipMasqBackend, ...config } = readConfig()
    if (backend === 'iptables' || ipMasqBackend === 'iptables') setting = 'iptables'
    carrier = CARRIER_SETTINGS.find((one) => one === config.carrier) ?? 'auto'
    const ips = isObject(prevResult) ? parseAddresses(prevResult, ifname) : []
    return { hint: distinctAddresses(ips), setting, carrier, warnings: [] }
  } catch (error) {
    const warning = `DEL goes on without prevResult: ${toCniError(error).message}`
    return { hint: [], setting, carrier, isGuess: true, warnings: [warning] }
  }
}
