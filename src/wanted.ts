import type { Wanted } from './backend/backend'
import type { Attachment } from './cni/attachment'
import { CniError } from './cni/error'
import type { JsonObject } from './cni/json'
import { distinctAddresses, parseAddresses, requirePrevResult } from './cni/prev-result'
import { isAtLeast, parseVersion } from './cni/version'
import { parseConfig, parseNetworkName } from './config/parse'
import { FAMILIES } from './policy/address'
import { decidePolicy, familiesLeftOut } from './policy/policy'

/** Everything that ADD and CHECK are strict about: from the config to the rules that it asks for. */
export function parseWanted(
  command: 'ADD' | 'CHECK',
  attachment: Attachment,
  raw: JsonObject,
): { wanted: Wanted; warnings: string[] } {
  const version = parseVersion(raw.cniVersion)
  if (command === 'CHECK' && !isAtLeast(version, '0.4.0')) {
    throw new CniError(
      'incompatibleVersion',
      `Cannot run CHECK with cniVersion "${version}": it came with 0.4.0`,
    )
  }
  const network = parseNetworkName(raw)
  const config = parseConfig(raw)
  const ips = parseAddresses(requirePrevResult(raw), attachment.ifname)
  const warnings = familiesLeftOut(config, ips)
    .map((family) => FAMILIES[family].label)
    .map((label) => `nonMasqueradeCIDRs has no ${label} entry: only the built-in ${label} exemptions hold`)
  return {
    wanted: {
      attachment: { ...attachment, network },
      addresses: distinctAddresses(ips),
      policy: decidePolicy(config, ips),
    },
    warnings,
  }
}
