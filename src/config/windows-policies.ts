import * as z from 'zod/mini'
import { isObject, type JsonObject } from '../cni/json'
import type { Address } from '../policy/address'
import type { Prefix } from '../policy/prefix'
import { isTypo, nearest } from './nearest'
import { sourceAddress } from './source-addresses'
import { windowsCidrs } from './values'

/** What an OutBoundNAT policy asks for; absent is what it does not say. */
export interface OutboundNat {
  readonly exceptions?: readonly Prefix[]
  readonly destinations?: readonly Prefix[]
  readonly virtualIPs: readonly Address[]
  /** Paths of what means nothing here: `value.Settings.MaxPortPoolUsage`. */
  readonly ignored: readonly string[]
}

/**
 * The policies of a Windows node's CNI config (win-bridge, win-overlay), in both of their forms: HNS v1 has the fields
 * in the value itself, HCN v2 in its Settings (hcsshim: OutboundNatPolicy, OutboundNatPolicySetting).
 */

const OBJECT = 'write an object, as in { "Type": "OutBoundNAT", "ExceptionList": ["10.0.0.0/8"] }'

/** The fields of both forms, because whoever mixes them up means the same. */
const fields = {
  ExceptionList: z.optional(windowsCidrs),
  Exceptions: z.optional(windowsCidrs),
  Destinations: z.optional(windowsCidrs),
  VIP: z.optional(sourceAddress),
  VirtualIP: z.optional(sourceAddress),
}

const settings = z.looseObject(fields, 'write an object, as in { "Exceptions": ["10.0.0.0/8"] }')

export const outboundNat = z.looseObject(
  {
    Type: z.string('write the policy\'s type, as in "OutBoundNAT"'),
    ...fields,
    Settings: z.optional(settings),
  },
  OBJECT,
)

type Value = z.infer<typeof outboundNat>

/** Undefined for a policy that is not ours to carry out (ROUTE, ACL, ...). */
export const windowsPolicy = z.pipe(
  z.looseObject(
    {},
    'write an object, as in { "name": "EndpointPolicy", "value": { "Type": "OutBoundNAT", ... } }',
  ),
  z.transform((entry, context): OutboundNat | undefined => {
    const refuse = (path: PropertyKey[], message: string) => {
      context.issues.push({ code: 'custom', path, message, input: entry })
      return undefined
    }
    const [nameKey, valueKey] = [memberOf(entry, 'name'), memberOf(entry, 'value')]
    const [name, value] = [entry[nameKey], entry[valueKey]]
    // An element of win-bridge's HcnPolicyArgs is the value itself.
    if (name === undefined && value === undefined && typeof entry[memberOf(entry, 'Type')] === 'string') {
      return readValue(entry, [], refuse)
    }
    if (typeof name !== 'string') return refuse([nameKey], 'write the name, "EndpointPolicy"')
    if (!isSame(name, 'EndpointPolicy')) {
      // What is nearly our name would be left aside without a word, and the default list stand.
      return isTypo(name, 'EndpointPolicy')
        ? refuse([nameKey], 'write "EndpointPolicy" if that is meant')
        : undefined
    }
    return readValue(value, [valueKey], refuse)
  }),
)

/** `at` is where the value is in its entry. */
function readValue(
  value: unknown,
  at: readonly string[],
  refuse: (path: PropertyKey[], message: string) => undefined,
): OutboundNat | undefined {
  const typeKey = isObject(value) ? memberOf(value, 'Type') : 'Type'
  const type = isObject(value) ? value[typeKey] : undefined
  if (typeof type === 'string' && !isSame(type, 'OutBoundNAT')) {
    if (isTypo(type, 'OutBoundNAT')) return refuse([...at, typeKey], 'write "OutBoundNAT" if that is meant')
    return undefined
  }
  const result = outboundNat.safeParse(value)
  for (const { path, message } of result.error?.issues ?? []) refuse([...at, ...path], message)
  for (const { path, near } of isObject(value) ? findTypos(value) : []) {
    refuse([...at, ...path], `unknown key; write "${near}" if that is meant, or remove it`)
  }
  return result.success ? toOutboundNat(result.data, at) : undefined
}

export const windowsPolicies = z.array(
  windowsPolicy,
  'write a list, as in [{ "name": "EndpointPolicy", "value": { "Type": "OutBoundNAT", "ExceptionList": ["10.0.0.0/8"] } }]',
)

/** The key as it is spelled: Go's JSON, with which the Windows plugins read it, takes Name for name. */
export function memberOf(entry: JsonObject, key: string): string {
  return Object.keys(entry).find((other) => other === key || isSame(other, key)) ?? key
}

function isSame(text: string, wanted: string): boolean {
  return text.toLowerCase() === wanted.toLowerCase()
}

function toOutboundNat(value: Value, at: readonly string[]): OutboundNat {
  const places = [value, value.Settings ?? {}]
  const exceptions = joined(places.flatMap(({ ExceptionList, Exceptions }) => [ExceptionList, Exceptions]))
  const destinations = joined(places.map(({ Destinations }) => Destinations))
  return {
    ...(exceptions && { exceptions }),
    // HCN leaves an empty list out when it writes one: it limits nothing.
    ...(destinations?.length && { destinations }),
    virtualIPs: places.flatMap(({ VIP, VirtualIP }) => [VIP ?? [], VirtualIP ?? []].flat()),
    ignored: unknownKeys(value).map((path) => [...at, ...path].join('.')),
  }
}

function joined<T>(lists: readonly (readonly T[] | undefined)[]): T[] | undefined {
  return lists.some((list) => list !== undefined) ? lists.flatMap((list) => list ?? []) : undefined
}

/** A key that is nearly one of ours would change what is masqueraded; any other is Windows' business. */
function findTypos(value: JsonObject): { readonly path: readonly string[]; readonly near: string }[] {
  const candidates = [...Object.keys(fields), 'Settings']
  return unknownKeys(value)
    .map((path) => ({ path, key: path.at(-1) ?? '' }))
    .map(({ path, key }) => ({ path, key, near: nearest(key, candidates) }))
    .filter(({ key, near }) => isTypo(key, near))
}

function unknownKeys(value: JsonObject): string[][] {
  const known = (key: string) => Object.hasOwn(fields, key) || key === 'Type' || key === 'Settings'
  const of = (object: object, path: readonly string[]) =>
    Object.keys(object).flatMap((key) => (known(key) ? [] : [[...path, key]]))
  return [...of(value, []), ...(isObject(value.Settings) ? of(value.Settings, ['Settings']) : [])]
}
