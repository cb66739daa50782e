import { CniError } from '../cni/error'
import { memberSpan, rejectRepeatedKeys } from '../cni/json'
import { requireVersion } from '../cni/version'
import { backendSetting } from '../config/backend-setting'
import { intentOf } from '../config/intent'
import type { Config } from '../config/keys'
import { parseNetworkName } from '../config/network-name'
import { NO_SOURCES, parseAny } from '../config/settings'
import { VERSION } from '../system/version'
import type { Answer, Call, Input } from './call'

/**
 * The verb STATUS reports whether an ADD would work, as far as we can see without starting a process. Lost rules are no
 * failure: the next ADD and sync restore them, and a node that is not ready gets no next ADD.
 */
export async function status({ backend, cacheDir }: Call, input: Input): Promise<Answer> {
  const { text, config: raw } = input.read()
  rejectRepeatedKeys(text, raw, memberSpan(text, 'prevResult'))
  requireVersion('STATUS', raw, '1.1.0')
  const network = parseNetworkName(raw)
  const config = await parseAny(raw)
  checkConfig(config)
  const missing = await backend.probe(config.carrier, backendSetting(config))
  if (missing.length === 0) return { stdout: '', warnings: [] }
  const { readResultCache } = await import('../cni/result-cache')
  const isInUse = hasAttachments(() => readResultCache([cacheDir], { network }), network)
  const message = `ip-masq ${VERSION} cannot install rules: ${missing.join('; ')}`
  if (!isInUse) throw new CniError('notAvailable', message)
  throw new CniError(
    'limitedConnectivity',
    `${message}; the rules of running containers cannot be repaired either`,
  )
}

/** Checks the config, because two keys may contradict each other. Reading files is left to an ADD. */
function checkConfig(config: Config): void {
  if (config.masqueradeCIDRs.length + config.policies.length === 0) return
  intentOf({ config, sources: NO_SOURCES }, '')
}

/** Whether a cache has attachments. A cache that cannot be read is no reason to hide what is missing. */
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
