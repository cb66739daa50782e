import type { Namespace } from './namespace'

/** What stands in the kernel, read with `nft -j`: not with the parser that is under test. */
export interface Table {
  /** Address -> policy chain, both families. */
  readonly pods: Readonly<Record<string, string>>
  /** Address (IPv4 in mapped form) -> owner value. */
  readonly owners: Readonly<Record<string, string>>
  readonly comments: Readonly<Record<string, string>>
  /** Key -> address, of the map `attachments`; tombstones, which go by themselves, are not among them. */
  readonly slots: Readonly<Record<string, string>>
  /** The comments of these. */
  readonly notes: Readonly<Record<string, string>>
  readonly tombstones: readonly string[]
  /** Set name -> elements, in nft's order. */
  readonly sets: Readonly<Record<string, readonly string[]>>
  /** Chain name -> number of rules. */
  readonly rules: Readonly<Record<string, number>>
}

/** The parts of nft's JSON (libnftables-json(5)) that we meet. */
interface NftObject {
  readonly map?: { readonly name: string; readonly elem?: readonly (readonly [MapKey, MapValue])[] }
  readonly set?: { readonly name: string; readonly elem?: readonly SetElement[] }
  readonly chain?: { readonly name: string }
  readonly rule?: { readonly chain: string }
}
type MapKey = string | { readonly elem: { readonly val: string; readonly comment?: string } }
/** A verdict other than goto: `{ accept: null }`. */
type MapValue = string | { readonly goto?: { readonly target: string } }
type SetElement =
  | string
  | { readonly prefix: { readonly addr: string; readonly len: number } }
  | { readonly range: readonly [string, string] }

export async function readTable(namespace: Namespace): Promise<Table | undefined> {
  const text = await namespace.sh('nft -j list table inet ip-masq 2>/dev/null || true')
  if (text === '') return undefined
  const objects: readonly NftObject[] = JSON.parse(text).nftables
  const pods: Record<string, string> = {}
  const owners: Record<string, string> = {}
  const comments: Record<string, string> = {}
  const sets: Record<string, string[]> = {}
  const rules: Record<string, number> = {}
  const slots: Record<string, string> = {}
  const notes: Record<string, string> = {}
  const tombstones: string[] = []
  for (const { map, set, chain, rule } of objects) {
    if (chain) rules[chain.name] = 0
    if (rule) rules[rule.chain] = (rules[rule.chain] ?? 0) + 1
    if (set) sets[set.name] = (set.elem ?? []).map(prefixText)
    for (const [key, value] of map?.elem ?? []) {
      const address = typeof key === 'string' ? key : key.elem.val
      const comment = typeof key === 'string' ? undefined : key.elem.comment
      if (map?.name === 'attachments') {
        if (value === '::') tombstones.push(address)
        else {
          slots[address] = String(value)
          if (comment !== undefined) notes[address] = comment
        }
        continue
      }
      if (typeof value !== 'string') pods[address] = value.goto?.target ?? Object.keys(value).join()
      else owners[address] = value
      if (comment !== undefined) comments[address] = comment
    }
  }
  return { pods, owners, comments, slots, notes, tombstones, sets, rules }
}

function prefixText(element: SetElement): string {
  if (typeof element === 'string') return element
  return 'range' in element ? element.range.join('-') : `${element.prefix.addr}/${element.prefix.len}`
}

/** The addresses that have a rule, in order: the shortest form of "who is masqueraded". */
export async function podAddresses(namespace: Namespace): Promise<string[]> {
  return Object.keys((await readTable(namespace))?.pods ?? {}).sort()
}

/** Everything nft holds in the namespace, ours and others', for "unchanged". */
export async function listRuleset(namespace: Namespace): Promise<string> {
  const listing = await namespace.sh('nft list ruleset')
  // A tombstone grows older from one listing to the next.
  return listing.replace(/ expires \S+/g, '')
}
