import { NO_CAPABILITY } from '../backend/capabilities'
import type { Backends } from '../backend/places'
import type { OwnNetwork } from './conflists'
import { error, type Finding, ok, warning } from './finding'

type Setting = NonNullable<OwnNetwork['setting']>

/**
 * What STATUS would answer: whether an ADD would work, with what the config of each network asks for. STATUS does not see
 * that the kernel lacks a module (`lacksModules`), and its rules of nftables would be refused.
 */
export async function checkBackends(
  backend: Pick<Backends, 'probe'>,
  own: readonly Pick<OwnNetwork, 'network' | 'setting'>[],
  lacksModules: readonly string[] = [],
): Promise<readonly Finding[]> {
  const check = 'backends'
  const findings: Finding[] = []
  const ofKernel = lacksModules.length > 0 ? [`this kernel has no ${lacksModules.join(', ')}`] : []
  const missingFor = async ({ carrier, backend: wanted }: Setting): Promise<readonly string[]> => {
    if (wanted === 'iptables' || ofKernel.length === 0) return lacking(await backend.probe(carrier, wanted))
    const nftables = [...ofKernel, ...lacking(await backend.probe(carrier, 'nftables'))]
    if (wanted === 'nftables') return nftables
    const iptables = lacking(await backend.probe(carrier, 'iptables'))
    return iptables.length === 0 ? [] : [...nftables, ...iptables]
  }
  for (const { network, setting } of own) {
    if (!setting) continue
    const missing = await missingFor(setting)
    if (missing.length === 0) continue
    const what = `an ADD of network ${network.name} fails: ${missing.join('; ')}`
    const mend = 'install nftables or iptables, or write another "backend" or "carrier" into the conflist'
    findings.push(error(check, { what, why: 'pods of this network do not start', mend }))
  }
  if (findings.length > 0) return findings
  const nftables = await missingFor({ carrier: 'auto', backend: 'nftables' })
  const iptables = await missingFor({ carrier: 'auto', backend: 'iptables' })
  if (nftables.length > 0 && iptables.length > 0) {
    const what = `there is no way to write rules: ${[...nftables, ...iptables].join('; ')}`
    return [warning(check, { what, why: 'every ADD would fail', mend: 'install nftables or iptables' })]
  }
  const usable = [
    ...(nftables.length === 0 ? ['nftables'] : []),
    ...(iptables.length === 0 ? ['iptables'] : []),
  ]
  return [ok(check, `rules can be written with ${usable.join(' and ')}`)]
}

/** The capability is that of whoever runs the doctor. The runtime runs the plugin as root. */
function lacking(missing: readonly string[]): readonly string[] {
  return missing.filter((one) => one !== NO_CAPABILITY)
}
