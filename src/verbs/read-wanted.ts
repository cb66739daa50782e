import type { Wanted } from '../backend/backend'
import type { Attachment } from '../cni/attachment'
import type { JsonObject } from '../cni/json'
import { distinctAddresses, parseAddresses, requirePrevResult } from '../cni/prev-result'
import { requireVersion } from '../cni/version'
import { backendSetting } from '../config/backend-setting'
import { intentOf, namespaceWarnings, warningsOf } from '../config/intent'
import { parseNetworkName } from '../config/network-name'
import { readSettings } from '../config/settings'
import { FAMILIES } from '../policy/address'
import { decidePolicy, familiesLeftOut, wideSubnetWarnings } from '../policy/policy'

/** Everything that ADD and CHECK are strict about: from the config to the rules that it asks for. */
export async function parseWanted(
  command: 'ADD' | 'CHECK',
  attachment: Attachment,
  raw: JsonObject,
): Promise<{ wanted: Wanted; repairOnCheck: boolean; warnings: string[] }> {
  requireVersion(command, raw, command === 'CHECK' ? '0.4.0' : '0.3.0')
  const network = parseNetworkName(raw)
  const settings = await readSettings(raw)
  const intent = intentOf(settings, attachment.namespace)
  const ips = parseAddresses(requirePrevResult(raw), attachment.ifname)
  const leftOut = familiesLeftOut(intent, ips)
    .map((family) => FAMILIES[family].label)
    .map((label) => `nonMasqueradeCIDRs has no ${label} entry: only the built-in ${label} exemptions hold`)
  return {
    wanted: {
      attachment: { ...attachment, network },
      addresses: distinctAddresses(ips),
      policy: decidePolicy(intent, ips),
      setting: backendSetting(settings.config),
      carrier: settings.config.carrier,
      ...(settings.config.podCIDRs && { podList: settings.config.podCIDRs }),
    },
    repairOnCheck: settings.config.repairOnCheck,
    warnings: [
      ...warningsOf(settings),
      ...namespaceWarnings(settings.config, attachment.namespace),
      ...leftOut,
      ...wideSubnetWarnings(ips),
    ],
  }
}
