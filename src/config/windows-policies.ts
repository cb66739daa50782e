import * as z from 'zod/mini'
import { isObject, type JsonObject } from '../cni/json'
import type { Address } from '../policy/address'
import type { Prefix } from '../policy/prefix'
import { isTypo, nearest } from './nearest'
import { sourceAddress } from './source-addresses'
import { windowsCidrs } from './values'

/** The requests of an OutBoundNAT policy; fields that it leaves out are absent. */
export interface OutboundNat {
  readonly exceptions?: readonly Prefix[]
  readonly destinations?: readonly Prefix[]
  readonly virtualIPs: readonly Address[]
  /** Paths of fields that have no meaning here: `value.Settings.MaxPortPoolUsage`. */
  readonly ignored: readonly string[]
}

/**
 * The policies of a Windows node's CNI config (win-bridge, win-overlay), in both of their forms: HNS v1 has the fields
 * in the value itself, HCN v2 in its Settings (hcsshim: OutboundNatPolicy, OutboundNatPolicySetting).
 */

const OBJECT = 'write an object, as in { "Type": "OutBoundNAT", "ExceptionList": ["10.0.0.0/8"] }'

/** The fields of both forms, because whoever mixes the forms means the same. */
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

/** Undefined for a policy that is not for us (ROUTE, ACL, ...). */
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
      // A name that is nearly ours would be skipped silently, and the default list would apply.
      return isTypo(name, 'EndpointPolicy')
        ? refuse([nameKey], 'write "EndpointPolicy" if that is meant')
        : undefined
    }
    return readValue(value, [valueKey], refuse)
  }),
)

/** `at` is the place of the value in its entry. */
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

/** The key as the entry spells it: Windows' plugins read it with Go's JSON, which ignores the case of names. */
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
    // HCN leaves an empty list out when it writes one: such a list limits nothing.
    ...(destinations?.length && { destinations }),
    virtualIPs: places.flatMap(({ VIP, VirtualIP }) => [VIP ?? [], VirtualIP ?? []].flat()),
    ignored: unknownKeys(value).map((path) => [...at, ...path].join('.')),
  }
}

function joined<T>(lists: readonly (readonly T[] | undefined)[]): T[] | undefined {
  return lists.some((list) => list !== undefined) ? lists.flatMap((list) => list ?? []) : undefined
}

/** Finds keys that are nearly ours, because a typo would change what is masqueraded. Other keys are for Windows. */
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
