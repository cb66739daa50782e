import * as z from 'zod/mini'
import { CniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { parseWith } from '../config/parse'
import { memberOf, type OutboundNat, windowsPolicies } from '../config/windows-policies'
import { FAMILY_NAMES, formatAddress } from '../policy/address'
import { formatPrefix } from '../policy/prefix'
import type { Converted } from './convert'

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
  const destinations = texts(ours, 'destinations')
  const snatTo = virtualIPs(ours)
  return {
    plugin: {
      type: 'ip-masq',
      nonMasqueradeCIDRs: texts(ours, 'exceptions'),
      ...(Object.keys(snatTo).length > 0 && { snatTo }),
      ...(destinations.length > 0 && { policies: [limitTo(destinations)] }),
    },
    notes: [
      ...notes,
      ...(ours.some((policy) => policy.exceptions)
        ? []
        : ['there are no exceptions: nonMasqueradeCIDRs is [], and only the built-in exemptions hold']),
    ],
  }
}

function readPlugin({ place, config }: Plugin): { policies: OutboundNat[]; notes: string[] } {
  const notes: string[] = []
  const policies = listsOf(config).flatMap(({ key, list }) => {
    const parsed = parseWith(z.object({ [key]: windowsPolicies }), { [key]: list }, place)[key] ?? []
    return parsed.flatMap((policy, i) => {
      if (!policy) notes.push(`left out: a policy of type ${typeOf(list[i])}`)
      for (const path of policy?.ignored ?? []) notes.push(`left out: ${path.replace(/^value\./i, '')}`)
      return policy ?? []
    })
  })
  // win-bridge makes an exception of it.
  const network = config[memberOf(config, 'ipMasqNetwork')]
  const asPolicy = typeof network === 'string' && network !== '' ? [exceptFor(network)] : []
  const fromNetwork = parseWith(windowsPolicies, asPolicy, `${place && `${place}.`}ipMasqNetwork`)
  if (config[memberOf(config, 'ipMasq')] === true) {
    notes.push(
      "left out: ipMasq; the pod's own subnets are exempt, and the cluster's network belongs into nonMasqueradeCIDRs",
    )
  }
  return { policies: [...policies, ...fromNetwork.flatMap((policy) => policy ?? [])], notes }
}

function exceptFor(network: string): JsonObject {
  return { name: 'EndpointPolicy', value: { Type: 'OutBoundNAT', ExceptionList: [network] } }
}

/** `Destinations` have no key of our own. */
function limitTo(Destinations: readonly string[]): JsonObject {
  return { name: 'EndpointPolicy', value: { Type: 'OutBoundNAT', Settings: { Destinations } } }
}

function texts(policies: readonly OutboundNat[], key: 'exceptions' | 'destinations'): string[] {
  return [...new Set(policies.flatMap((policy) => policy[key] ?? []).map(formatPrefix))]
}

/** One for each family. */
function virtualIPs(policies: readonly OutboundNat[]): JsonObject {
  const addresses = policies.flatMap((policy) => policy.virtualIPs)
  const entries = FAMILY_NAMES.flatMap((family) => {
    const own = new Set(addresses.filter((address) => address.family === family).map(formatAddress))
    if (own.size > 1) {
      throw new CniError(
        'invalidConfig',
        `Cannot convert several VirtualIP: ${[...own].join(', ')}; write one`,
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

/** `policies` of win-bridge and win-overlay, `AdditionalArgs` of Azure's plugin. */
function listsOf(plugin: JsonObject): { readonly key: string; readonly list: readonly unknown[] }[] {
  return ['policies', 'AdditionalArgs'].flatMap((name) => {
    const key = memberOf(plugin, name)
    const list = plugin[key]
    return Array.isArray(list) && list.length > 0 ? [{ key, list }] : []
  })
}

function typeOf(entry: unknown): string {
  const object = isObject(entry) ? entry : {}
  const value = object[memberOf(object, 'value')]
  return isObject(value) ? String(value[memberOf(value, 'Type')]) : 'unknown'
}
