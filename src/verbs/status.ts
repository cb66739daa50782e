import type { BackendSetting, CarrierSetting, Where } from '../backend/backend'
import { CniError } from '../cni/error'
import type { JsonObject } from '../cni/json'
import { requireVersion } from '../cni/version'
import { backendSetting } from '../config/backend-setting'
import { intentOf } from '../config/intent'
import type { Config } from '../config/keys'
import { parseNetworkName } from '../config/network-name'
import { NO_SOURCES, parseAny } from '../config/settings'
import { VERSION } from '../system/version'

/**
 * The verb STATUS: would an ADD work, as far as can be seen without starting a process? Rules that were lost are no
 * failure: the next ADD and sync restore them, and a node that is not ready gets no next ADD.
 */
export async function checkStatus(config: JsonObject, probe: Probe, cacheDir: string): Promise<void> {
  requireVersion('STATUS', config, '1.1.0')
  const network = parseNetworkName(config)
  const parsed = await parseAny(config)
  checkConfig(parsed)
  const missing = await missingFor({ setting: backendSetting(parsed), carrier: parsed.carrier }, probe)
  if (missing.length === 0) return
  const { readResultCache } = await import('../cni/result-cache')
  const isInUse = hasAttachments(() => readResultCache([cacheDir], { network }), network)
  const message = `ip-masq ${VERSION} cannot install rules: ${missing.join('; ')}`
  if (!isInUse) throw new CniError('notAvailable', message)
  throw new CniError('limitedConnectivity', `${message}; nor keep those of the containers that run`)
}

interface Probe {
  /** For nftables by any way. */
  readonly missing: Promise<readonly string[]>
  readonly probe: (carrier: CarrierSetting, setting: BackendSetting) => Promise<readonly string[]>
}

async function missingFor(
  { setting, carrier }: Where,
  { missing, probe }: Probe,
): Promise<readonly string[]> {
  const isAsked = carrier === 'auto' && setting !== 'iptables'
  if (isAsked && (setting === 'nftables' || (await missing).length === 0)) return missing
  return probe(carrier, setting)
}

/** Two keys may contradict each other; files are for an ADD to read. */
function checkConfig(config: Config): void {
  if (config.masqueradeCIDRs.length + config.policies.length === 0) return
  intentOf({ config, sources: NO_SOURCES }, '')
}

/** A cache that cannot be read is no reason to hide what is missing. */
function hasAttachments(
  read: () => { attachments: readonly { attachment: { network: string } }[] },
  network: string,
) {
  try {
    return read().attachments.some(({ attachment }) => attachment.network === network)
  } catch {
    return false
  }
}
