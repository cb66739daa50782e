import * as z from 'zod/mini'
import { CniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { parseWith } from '../config/parse'
import { memberOf, type OutboundNat, windowsPolicies } from '../config/windows-policies'
import { formatAddress } from '../policy/address'
import { formatPrefix } from '../policy/prefix'
import type { Converted } from './convert'

/** A conflist, or the config of one plugin. */
export function isCniConfig(document: JsonObject): boolean {
  return (
    Array.isArray(document.plugins) || policiesOf(document).length > 0 || typeof document.type === 'string'
  )
}

/** The OutBoundNAT policies of a Windows node, wherever its plugins have them. */
export function convertWindows(documents: readonly JsonObject[]): Converted {
  const entries = documents.flatMap(pluginsIn).flatMap(policiesOf)
  const { policies } = parseWith(z.object({ policies: windowsPolicies }), { policies: entries }, '')
  const ours = policies.flatMap((policy) => policy ?? [])
  if (ours.length === 0) {
    throw new CniError('invalidConfig', 'Cannot convert this: there is no OutBoundNAT policy in it')
  }
  const exceptions = texts(ours, 'exceptions')
  const destinations = texts(ours, 'destinations')
  const addresses = [
    ...new Map(ours.flatMap(({ virtualIP }) => virtualIP ?? []).map((one) => [formatAddress(one), one])),
  ]
  const [ipv4, ipv6] = (['ip', 'ip6'] as const).map((family) =>
    addresses.filter(([, address]) => address.family === family).map(([text]) => text),
  )
  for (const several of [ipv4, ipv6]) {
    if (several && several.length > 1) {
      throw new CniError(
        'invalidConfig',
        `Cannot convert several VirtualIP: ${several.join(', ')}; write one`,
      )
    }
  }
  const snatTo = { ...(ipv4?.[0] && { ipv4: ipv4[0] }), ...(ipv6?.[0] && { ipv6: ipv6[0] }) }
  return {
    plugin: {
      type: 'ip-masq',
      nonMasqueradeCIDRs: exceptions,
      ...(Object.keys(snatTo).length > 0 && { snatTo }),
      ...(destinations.length > 0 && { policies: [limitTo(destinations)] }),
    },
    notes: [
      ...policies.flatMap((policy, i) => (policy ? [] : [`left out: ${describe(entries[i])}`])),
      ...ours.flatMap(({ ignored }) => ignored).map((path) => `left out: ${path.replace(/^value\./i, '')}`),
      ...(ours.some((policy) => policy.exceptions)
        ? []
        : ['there are no exceptions: nonMasqueradeCIDRs is [], and only the built-in exemptions hold']),
    ],
  }
}

/** `Destinations` have no key of our own. */
function limitTo(Destinations: readonly string[]): JsonObject {
  return { name: 'EndpointPolicy', value: { Type: 'OutBoundNAT', Settings: { Destinations } } }
}

function texts(policies: readonly OutboundNat[], key: 'exceptions' | 'destinations'): string[] {
  return [...new Set(policies.flatMap((policy) => policy[key] ?? []).map(formatPrefix))]
}

/** Plugins of a list, and the one that flannel delegates to. */
function pluginsIn(document: JsonObject): JsonObject[] {
  const plugins = Array.isArray(document.plugins) ? document.plugins.filter(isObject) : [document]
  return plugins.flatMap((plugin) => [plugin, ...(isObject(plugin.delegate) ? [plugin.delegate] : [])])
}

/** `policies` of win-bridge and win-overlay, `AdditionalArgs` of Azure's plugin. */
function policiesOf(plugin: JsonObject): unknown[] {
  return ['policies', 'AdditionalArgs'].flatMap((key) => {
    const list = plugin[memberOf(plugin, key)]
    return Array.isArray(list) ? list : []
  })
}

function describe(entry: unknown): string {
  const object = isObject(entry) ? entry : {}
  const value = object[memberOf(object, 'value')]
  return `a policy of type ${isObject(value) ? value.Type : 'unknown'}`
}
