import { BlockList, isIP } from 'node:net'
import type { Ip, Keys } from './operations'

/**
 * Towards which destinations a pod is masqueraded, written from docs/options.md and not from the sources: of the exempt
 * prefixes and of their exceptions, the longest that has the destination decides.
 */

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']
const RESERVED = [
  ...['100.64.0.0/10', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '240.0.0.0/4', '100::/64', '2001:db8::/32', '3fff::/20', '64:ff9b:1::/48'],
]
const ALWAYS = ['224.0.0.0/4', '255.255.255.255/32', 'ff00::/8']

/** All that a policy depends on, as text: equal policies are equal texts. */
export type PolicyText = string

export function policyText(keys: Keys, ips: readonly Ip[]): PolicyText {
  const subnets = ips.filter(hasNeighbours).map(({ address, length }) => `${address}/${length}`)
  return JSON.stringify([keys, [...new Set(subnets)].sort()])
}

/** One address alone has no neighbours, and a mask that is too wide is a mistake of the IPAM plugin's. */
function hasNeighbours({ address, length }: Ip): boolean {
  return isIP(address) === 4 ? length >= 8 && length < 32 : length >= 32 && length < 128
}

/** Whether two policies exempt the same destinations of a family, though they were asked for in other words. */
export function doTheSame(one: PolicyText, other: PolicyText, family: number): boolean {
  if (one === other) return true
  const destinations = [...probesOf(one), ...probesOf(other)]
    .map(({ destination }) => destination)
    .filter((destination) => isIP(destination) === family)
  return destinations.every(
    (destination) => isMasqueraded(one, destination) === isMasqueraded(other, destination),
  )
}

export interface Probe {
  readonly destination: string
  readonly isMasqueraded: boolean
}

/** Destinations at both sides of every border, and what becomes of packets to them. */
export function probesOf(policy: PolicyText): Probe[] {
  const { exempt, masquerade } = listsOf(policy)
  const destinations = [...exempt, ...masquerade].flatMap(borders)
  return [...new Set([...destinations, '1.1.1.1', '2600::1'])].map((destination) => ({
    destination,
    isMasqueraded: isMasqueraded(policy, destination),
  }))
}

function isMasqueraded(policy: PolicyText, destination: string): boolean {
  const { keys, exempt, masquerade } = listsOf(policy)
  const isOff = keys[isIP(destination) === 4 ? 'ipv4' : 'ipv6'] === false
  return !isOff && longest(exempt, destination) <= longest(masquerade, destination)
}

function listsOf(policy: PolicyText) {
  const [keys, subnets]: [Keys, string[]] = JSON.parse(policy)
  const list = (key: string): string[] => (Array.isArray(keys[key]) ? keys[key] : [])
  const defaults = keys.nonMasqueradeDefaults === 'reserved' ? [...PRIVATE, ...RESERVED] : PRIVATE
  const exempt = [
    ...('nonMasqueradeCIDRs' in keys ? list('nonMasqueradeCIDRs') : defaults),
    ...ALWAYS,
    ...subnets,
    ...(keys.masqLinkLocal === true ? [] : ['169.254.0.0/16']),
    ...(keys.masqLinkLocalIPv6 === true ? [] : ['fe80::/10']),
  ]
  return { keys, exempt, masquerade: list('masqueradeCIDRs') }
}

/** The length of the longest of these prefixes that has the address; -1 if none has. */
function longest(prefixes: readonly string[], address: string): number {
  return Math.max(-1, ...prefixes.filter((prefix) => contains(prefix, address)).map(lengthOf))
}

function lengthOf(prefix: string): number {
  return Number(prefix.split('/')[1])
}

const blocks = new Map<string, BlockList>()

/** Node's own idea of prefixes, which shares no code with ours. */
export function contains(prefix: string, address: string): boolean {
  const [network = '', length = ''] = prefix.split('/')
  if (isIP(network) !== isIP(address)) return false
  const type = isIP(network) === 4 ? 'ipv4' : 'ipv6'
  const block = blocks.get(prefix) ?? new BlockList()
  if (!blocks.has(prefix)) block.addSubnet(network, Number(length), type)
  blocks.set(prefix, block)
  return block.check(address, type)
}

/** The first and the last address of a prefix, and their neighbours outside. */
function borders(prefix: string): string[] {
  const [network = '', length = ''] = prefix.split('/')
  const bits = isIP(network) === 4 ? 32n : 128n
  const size = 1n << (bits - BigInt(length))
  const first = (numberOf(network) / size) * size
  const last = first + size - 1n
  return [first - 1n, first, last, last + 1n]
    .filter((value) => value >= 0n && value < 1n << bits)
    .map((value) => addressText(value, bits))
}

export function numberOf(address: string): bigint {
  if (isIP(address) === 4) return address.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n)
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const after = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: 8 - groups(head).length - after.length }, () => '0')
  return [...groups(head), ...zeros, ...after].reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n)
}

function addressText(value: bigint, bits: bigint): string {
  if (bits === 32n) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.')
  return Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(
    ':',
  )
}
