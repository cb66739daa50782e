import * as z from 'zod/mini'
import { CniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { parseWith } from '../config/parse'
import { memberOf, type OutboundNat, windowsPolicies } from '../config/windows-policies'
import { FAMILY_NAMES } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import type { Prefix } from '../policy/prefix'
import { type Converted, textsOf } from './converted'

/** A conflist, or the config of one plugin. */
export function isCniConfig(document: JsonObject): boolean {
  return Array.isArray(document.plugins) || typeof document.type === 'string' || listsOf(document).length > 0
}

/** A plugin's config, and where it stands. */
interface Plugin {
  readonly place: string
  readonly config: JsonObject
}

/** The OutBoundNAT policies of a Windows node, wherever its plugins have them. */
export function convertWindows(documents: readonly JsonObject[]): Converted {
  const plugins = documents.flatMap(pluginsIn)
  const read = plugins.flatMap(readPlugin)
  const ours = read.flatMap(({ policies }) => policies)
  const notes = read.flatMap((one) => one.notes)
  if (ours.length === 0) {
    throw new CniError('invalidConfig', 'Cannot convert this: there is no OutBoundNAT policy in it')
  }
  return {
    plugin: { type: 'ip-masq', ...keysFor(ours) },
    notes: [
      ...notes,
      ...(ours.some((policy) => policy.exceptions)
        ? []
        : ['there are no exceptions: nonMasqueradeCIDRs is [], and only the built-in exemptions apply']),
    ],
  }
}

function readPlugin({ place, config }: Plugin): { policies: readonly OutboundNat[]; notes: string[] } {
  const notes: string[] = []
  const policies = listsOf(config).flatMap(({ key, list }) => {
    const parsed = parseWith(z.object({ [key]: windowsPolicies }), { [key]: list }, { place })[key] ?? []
    return parsed.flatMap((policy, i) => {
      if (!policy) notes.push(`left out: a policy of type ${typeOf(list[i])}`)
      for (const path of policy?.ignored ?? []) notes.push(`left out: ${path.replace(/^value\./i, '')}`)
      return policy ?? []
    })
  })
  // win-bridge makes an exception of it.
  const network = config[memberOf(config, 'ipMasqNetwork')]
  const asPolicy = typeof network === 'string' && network !== '' ? [exceptFor(network)] : []
  const fromNetwork = parseWith(windowsPolicies, asPolicy, {
    place: `${place && `${place}.`}ipMasqNetwork`,
  })
  if (config[memberOf(config, 'ipMasq')] === true) {
    notes.push(
      "left out: ipMasq; the pod's own subnets are exempt; add the cluster's network to nonMasqueradeCIDRs",
    )
  }
  return {
    policies: withExceptions(
      policies,
      fromNetwork.flatMap((policy) => policy?.exceptions ?? []),
    ),
    notes,
  }
}

/** Adds exceptions as win-bridge does (ApplyOutboundNatPolicy): to the first policy that has some, or in one of their own. */
function withExceptions(policies: readonly OutboundNat[], added: readonly Prefix[]): readonly OutboundNat[] {
  if (added.length === 0) return policies
  const at = policies.findIndex(({ exceptions }) => exceptions !== undefined)
  if (at < 0) return [...policies, { exceptions: added, virtualIPs: [], ignored: [] }]
  return policies.map((policy, i) =>
    i === at ? { ...policy, exceptions: [...(policy.exceptions ?? []), ...added] } : policy,
  )
}

function exceptFor(network: string): JsonObject {
  return { name: 'EndpointPolicy', value: { Type: 'OutBoundNAT', ExceptionList: [network] } }
}

/** One policy becomes keys of our own, as far as there are any. Several act each for itself, and stay policies. */
function keysFor(policies: readonly OutboundNat[]): JsonObject {
  const [policy, ...others] = policies
  if (others.length > 0) return { nonMasqueradeCIDRs: [], policies: policies.map(settingsOf).map(toEntry) }
  const { Exceptions = [], Destinations } = policy ? settingsOf(policy) : {}
  const snatTo = virtualIPs(policies)
  return {
    nonMasqueradeCIDRs: Exceptions,
    ...(Object.keys(snatTo).length > 0 && { snatTo }),
    ...(Destinations && { policies: [toEntry({ Destinations })] }),
  }
}

interface Settings {
  readonly Exceptions?: readonly string[]
  readonly Destinations?: readonly string[]
  readonly VIP?: string
  readonly VirtualIP?: string
}

/** A policy has two words for its source, and may have one of each family. */
function settingsOf({ exceptions, destinations, virtualIPs: sources }: OutboundNat): Settings {
  const [VirtualIP, VIP] = [...new Set(sources.map(formatAddress))]
  return {
    ...(exceptions && { Exceptions: textsOf(exceptions) }),
    ...(destinations && { Destinations: textsOf(destinations) }),
    ...(VirtualIP !== undefined && { VirtualIP }),
    ...(VIP !== undefined && { VIP }),
  }
}

function toEntry(Settings: Settings): JsonObject {
  return { name: 'EndpointPolicy', value: { Type: 'OutBoundNAT', Settings } }
}

/** One for each family. */
function virtualIPs(policies: readonly OutboundNat[]): JsonObject {
  const addresses = policies.flatMap((policy) => policy.virtualIPs)
  const entries = FAMILY_NAMES.flatMap((family) => {
    const own = new Set(addresses.filter((address) => address.family === family).map(formatAddress))
    if (own.size > 1) {
      throw new CniError(
        'invalidConfig',
        `Cannot convert several VirtualIPs: ${[...own].join(', ')}; write only one`,
      )
    }
    return [...own].map((text) => [KEYS[family], text] as const)
  })
  return Object.fromEntries(entries)
}

const KEYS = { ip: 'ipv4', ip6: 'ipv6' } as const

/** Plugins of a list, and the one that flannel delegates to. */
function pluginsIn(document: JsonObject): Plugin[] {
  const plugins: Plugin[] = Array.isArray(document.plugins)
    ? document.plugins.flatMap((config, i) => (isObject(config) ? [{ place: `plugins[${i}]`, config }] : []))
    : [{ place: '', config: document }]
  return plugins.flatMap((plugin) => {
    const { delegate } = plugin.config
    const place = `${plugin.place && `${plugin.place}.`}delegate`
    return isObject(delegate) ? [plugin, { place, config: delegate }] : [plugin]
  })
}

/** `policies` of win-bridge and win-overlay, win-bridge's `HcnPolicyArgs` (ApiVersion 2), `AdditionalArgs` of Azure's plugin. */
function listsOf(plugin: JsonObject): { readonly key: string; readonly list: readonly unknown[] }[] {
  return ['policies', 'HcnPolicyArgs', 'AdditionalArgs'].flatMap((name) => {
    const key = memberOf(plugin, name)
    const list = plugin[key]
    return Array.isArray(list) && list.length > 0 ? [{ key, list }] : []
  })
}

function typeOf(entry: unknown): string {
  const object = isObject(entry) ? entry : {}
  const value = object[memberOf(object, 'value')] ?? object
  return isObject(value) ? String(value[memberOf(value, 'Type')]) : 'unknown'
}
