import type { BackendSetting, CarrierSetting } from '../backend/backend'
import { parseAttachmentName } from '../cni/attachment'
import { requireVariables } from '../cni/environment'
import { toCniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { distinctAddresses, parseAddresses } from '../cni/prev-result'
import { readLeniently } from '../config/plain'
import type { Address } from '../policy/address'
import type { Answer, Call, Input } from './call'

/**
 * The verb DEL. The first plugin that fails a DEL stops the chain, and the address is never freed. So it needs only the
 * attachment's name; anything else that can be read only makes it faster.
 */
export async function del({ environment, backend }: Call, input: Input): Promise<Answer> {
  requireVariables('DEL', environment)
  const name = parseAttachmentName(environment)
  const { warnings, hint, ...where } = parseHint(() => input.read().config, name.ifname)
  const removal = await backend.remove(name, hint, where)
  if (!('said' in removal)) return { stdout: '', warnings }
  return { stdout: '', warnings: [...warnings, `DEL may have left rules behind: ${removal.said}`] }
}

/** Values that make a DEL faster, and may be missing or wrong. */
export interface Hint {
  /** The addresses of prevResult, or none. */
  readonly hint: Address[]
  /** The backend in which to look first. */
  readonly backend: BackendSetting
  readonly carrier: CarrierSetting
  /** The config cannot be read. */
  readonly isGuess?: boolean
  readonly warnings: string[]
}

/** Reads the hint. What would fail an ADD is a line on stderr here, or nothing. */
export function parseHint(readConfig: () => JsonObject, ifname: string): Hint {
  let backend: BackendSetting = 'auto'
  let carrier: CarrierSetting = 'auto'
  try {
    const config = readConfig()
    const settings = [readLeniently(config, 'backend'), readLeniently(config, 'ipMasqBackend')]
    if (settings.includes('iptables')) backend = 'iptables'
    carrier = readLeniently(config, 'carrier')
    const ips = isObject(config.prevResult) ? parseAddresses(config.prevResult, ifname) : []
    return { hint: distinctAddresses(ips), backend, carrier, warnings: [] }
  } catch (error) {
    const warning = `DEL goes on without prevResult: ${toCniError(error).message}`
    return { hint: [], backend, carrier, isGuess: true, warnings: [warning] }
  }
}
