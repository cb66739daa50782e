import { type Address, digitsOf, isSameAddress, kindOfNoPod } from '../policy/address'
import { MalformedError } from '../policy/address-text'
import { type InterfaceAddress, parseAddressWithLength } from '../policy/prefix'
import { CniError, quote } from './error'
import { isObject, type JsonObject } from './json'

/** The result of the plugins before us; ADD and CHECK need it. */
export function requirePrevResult(config: JsonObject): JsonObject {
  const { prevResult } = config
  if (isObject(prevResult)) return prevResult
  const advice = 'list ip-masq after the plugin that gives the pod its address (bridge, flannel, ptp)'
  if (prevResult === undefined || prevResult === null) {
    throw new CniError('invalidConfig', `Cannot work without prevResult: ${advice}`)
  }
  throw new CniError(
    'invalidConfig',
    `Cannot use prevResult ${quote(prevResult)}: it is not a JSON object; ${advice}`,
  )
}

/**
 * The attachment's own addresses. `ips[].interface` may be missing, or may mean the host's end of the link. The addresses
 * on the sandbox interface named `ifname` count; if no entry names an interface, all of them count (spec: "Success",
 * `interface`).
 */
export function parseAddresses(prevResult: JsonObject, ifname: string): InterfaceAddress[] {
  const ips: unknown = prevResult.ips ?? []
  if (!Array.isArray(ips)) {
    throw new CniError('invalidConfig', `Cannot use prevResult.ips ${quote(ips)}: it is not a list`)
  }
  const interfaces = Array.isArray(prevResult.interfaces) ? prevResult.interfaces : []
  const parsed: InterfaceAddress[] = []
  const isOnSandbox: boolean[] = []
  // By index: a node has thousands of results, and a function for each step would take longer than the step.
  for (let i = 0; i < ips.length; i++) {
    const ip = requireAddress(ips[i], i)
    parsed.push(parseInterfaceAddress(ip.address, i))
    const index = ip.interface
    isOnSandbox.push(typeof index === 'number' && isSandboxInterface(interfaces[index], ifname))
  }
  const isAnyOnSandbox = isOnSandbox.includes(true)
  const own: InterfaceAddress[] = []
  for (let i = 0; i < parsed.length; i++) {
    const one = parsed[i]
    if (!one || (isAnyOnSandbox && !isOnSandbox[i])) continue
    const kind = kindOfNoPod(one.address)
    if (kind !== undefined) refuse(ips[i], i, kind)
    own.push(one)
  }
  return own
}

function requireAddress(
  ip: unknown,
  index: number,
): { readonly address: string; readonly interface?: unknown } {
  if (isObject(ip) && hasAddress(ip)) return ip
  throw new CniError('invalidConfig', `Cannot use prevResult.ips[${index}] ${quote(ip)}: it has no address`)
}

function hasAddress(ip: JsonObject): ip is JsonObject & { readonly address: string } {
  return typeof ip.address === 'string'
}

function parseInterfaceAddress(text: string, index: number): InterfaceAddress {
  try {
    return parseAddressWithLength(text)
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    throw new CniError(
      'invalidConfig',
      `Cannot use prevResult.ips[${index}].address ${quote(text)}: ${error.message}`,
    )
  }
}

function refuse(ip: { readonly address: string }, index: number, kind: string): never {
  throw new CniError(
    'invalidConfig',
    `Cannot use prevResult.ips[${index}].address ${quote(ip.address)}: a pod cannot have ${kind}; check the address ranges of the IPAM plugin`,
  )
}

function isSandboxInterface(entry: unknown, ifname: string): boolean {
  return isObject(entry) && entry.name === ifname && typeof entry.sandbox === 'string' && entry.sandbox !== ''
}

/** Each address once: two entries may differ only in their masks. */
export function distinctAddresses(ips: readonly InterfaceAddress[]): Address[] {
  if (ips.length > FEW) return [...new Map(ips.map(({ address }) => [digitsOf(address), address])).values()]
  const distinct: Address[] = []
  for (let i = 0; i < ips.length; i++) {
    const address = ips[i]?.address
    if (address && !distinct.some((one) => isSameAddress(one, address))) distinct.push(address)
  }
  return distinct
}

/** So few addresses are compared with each other: the first Map costs more. */
const FEW = 16
