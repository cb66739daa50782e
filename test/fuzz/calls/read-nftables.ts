import { isIP } from 'node:net'
import type { Lane } from './lane'
import { ID_DIGITS, type Observation, type ObservedPolicy } from './observation'
import { contains, numberOf } from './policy-oracle'

/** The parts of nft's JSON (libnftables-json(5)) that we meet. */
interface NftObject {
  readonly map?: { readonly name: string; readonly elem?: readonly (readonly [MapKey, MapValue])[] }
  readonly set?: { readonly name: string; readonly elem?: readonly SetElement[] }
  readonly chain?: { readonly name: string; readonly hook?: string; readonly prio?: number }
  readonly rule?: { readonly chain: string; readonly expr: readonly Expression[] }
}
type MapKey = string | { readonly elem: { readonly val: string; readonly timeout?: number } }
type MapValue = string | { readonly goto: { readonly target: string } }
type SetElement =
  | string
  | { readonly prefix: { readonly addr: string; readonly len: number } }
  | { readonly range: readonly [string, string] }
type Expression = Readonly<Record<string, unknown>>

interface Table {
  readonly maps: Map<string, readonly (readonly [MapKey, MapValue])[]>
  readonly sets: Map<string, readonly SetElement[]>
  readonly chains: Map<string, { readonly base: boolean; readonly rules: Expression[][] }>
}

export async function listRuleset(lane: Lane): Promise<{ ours: NftObject[]; foreign: string }> {
  const { status, stdout, stderr } = await lane.run({ argv: ['nft', '-j', 'list', 'ruleset'] })
  if (status !== 0) throw new Error(stderr)
  const objects: NftObject[] = JSON.parse(stdout).nftables
  const texts = objects.map((object) => JSON.stringify(object))
  const isOurs = (text = '') => /"(?:table|name)":"ip-masq"/.test(text)
  const foreign = texts.filter((text) => !isOurs(text)).map((text) => text.replaceAll(/"handle":\d+,?/g, ''))
  return { ours: objects.filter((_, i) => isOurs(texts[i])), foreign: foreign.join('\n') }
}

export async function readNftables(lane: Lane): Promise<Observation> {
  const { ours, foreign } = await listRuleset(lane)
  return { ...observationOf(tableOf(ours)), foreign }
}

function tableOf(objects: readonly NftObject[]): Table {
  const table: Table = { maps: new Map(), sets: new Map(), chains: new Map() }
  for (const { map, set, chain } of objects) {
    if (map) table.maps.set(map.name, map.elem ?? [])
    if (set) table.sets.set(set.name, set.elem ?? [])
    if (chain) table.chains.set(chain.name, { base: chain.hook === 'postrouting', rules: [] })
  }
  for (const { rule } of objects) if (rule) table.chains.get(rule.chain)?.rules.push([...rule.expr])
  return table
}

function observationOf({ maps, sets, chains }: Table): Omit<Observation, 'foreign'> {
  const problems: string[] = []
  const owners = new Map<string, string>()
  for (const [key, value] of maps.get('owners') ?? []) {
    // `::` is a mark of ours that names no pod.
    if (typeof value === 'string' && addressOf(key) !== '::')
      owners.set(addressOf(key), digitsOf(value).slice(0, ID_DIGITS))
  }
  const rules: Record<string, { id: string; policy: string }> = {}
  for (const [key, value] of [...(maps.get('pods-ip') ?? []), ...(maps.get('pods-ip6') ?? [])]) {
    const address = addressOf(key)
    if (typeof value === 'string') {
      problems.push(`${address} has the verdict ${value}`)
      continue
    }
    rules[address] = { id: owners.get(address) ?? 'nobody', policy: value.goto.target }
  }
  for (const address of owners.keys())
    if (!rules[address]) problems.push(`${address} has an owner and no rule`)
  problems.push(...attachmentProblems(maps.get('attachments'), owners))
  const base = chains.get('nat-postrouting')
  const lookups = base?.rules.map((rule) => (JSON.stringify(rule).match(/@pods-ip6?/g) ?? []).join()) ?? []
  const isHooked = base?.base === true && lookups.join(' ') === '@pods-ip @pods-ip6'
  if (base && !isHooked) problems.push(`nat-postrouting looks up "${lookups.join(' ')}"`)
  const policies: Record<string, ObservedPolicy> = {}
  for (const { policy } of Object.values(rules)) policies[policy] ??= policyOf(policy, { sets, chains })
  return { rules, policies, isHooked, problems }
}

/** The map from an attachment to its addresses says the same as `owners`; `::` stands for a DEL that came. */
function attachmentProblems(
  elements: readonly (readonly [MapKey, MapValue])[] | undefined,
  owners: ReadonlyMap<string, string>,
): string[] {
  const named = new Set<string>()
  for (const [key, value] of elements ?? []) {
    if (typeof value !== 'string') return [`attachments has the verdict ${JSON.stringify(value)}`]
    if (value === '::' && !(typeof key === 'object' && key.elem.timeout))
      return ['a tombstone stays for ever']
    if (value !== '::') named.add(`${plain(value)} of ${digitsOf(addressOf(key)).slice(0, ID_DIGITS)}`)
  }
  return elements ? difference(named, owners) : []
}

/** A stale slot of an attachment that lost its address does no harm, and goes with its DEL. */
function difference(named: ReadonlySet<string>, owners: ReadonlyMap<string, string>): string[] {
  return [...owners]
    .map(([address, id]) => `${address} of ${id}`)
    .filter((one) => !named.has(one))
    .map((one) => `owners has ${one}, attachments has it not`)
}

function addressOf(key: MapKey): string {
  return plain(typeof key === 'string' ? key : key.elem.val)
}

function plain(address: string): string {
  return address.replace('::ffff:', '')
}

function digitsOf(address: string): string {
  return (isIP(address) === 6 && !address.includes('.') ? numberOf(address) : 0n)
    .toString(16)
    .padStart(32, '0')
}

function policyOf(name: string, { sets, chains }: Pick<Table, 'sets' | 'chains'>): ObservedPolicy {
  const parts = [...chains, ...sets].filter(([part]) => part === name || part.startsWith(`${name}-`))
  const content = parts.map(([part, value]) => [part, value])
  return {
    text: JSON.stringify(content),
    isMasqueraded: (destination) => isMasqueraded(name, destination, { sets, chains }),
  }
}

/** Goes through a chain as a packet does. Only what the fuzzer's configs lead to is understood. */
function isMasqueraded(chain: string, destination: string, table: Pick<Table, 'sets' | 'chains'>): boolean {
  const protocol = isIP(destination) === 4 ? 'ip' : 'ip6'
  const matches = ({ match }: Expression) => {
    if (match === undefined) return true
    const { op, left, right } = match as { op: string; left: object; right: string }
    const text = JSON.stringify(left)
    if (op === '==' && text === '{"meta":{"key":"nfproto"}}')
      return right === (protocol === 'ip' ? 'ipv4' : 'ipv6')
    if (op !== '==' || !right.startsWith('@')) throw new Error(`unknown match ${JSON.stringify(match)}`)
    if (text !== `{"payload":{"protocol":"${protocol}","field":"daddr"}}`) return false
    return (table.sets.get(right.slice(1)) ?? []).some((element) => holds(element, destination))
  }
  for (const rule of table.chains.get(chain)?.rules ?? []) {
    if (!rule.every(matches)) continue
    if (rule.some((expression) => 'return' in expression)) return false
    if (rule.some((expression) => 'masquerade' in expression)) return true
    throw new Error(`unknown rule ${JSON.stringify(rule)}`)
  }
  return false
}

function holds(element: SetElement, address: string): boolean {
  if (typeof element === 'string') return numberOf(element) === numberOf(address)
  if ('prefix' in element) return contains(`${element.prefix.addr}/${element.prefix.len}`, address)
  const [first, last] = element.range.map(numberOf)
  const value = numberOf(address)
  return first !== undefined && last !== undefined && first <= value && value <= last
}
