import type { Flow } from './conditions'
import type { Condition, Foreign, ForeignHook, ForeignRule } from './model'
import { ownerOf } from './owners'
import { walk } from './walk'

/** A rule that gives packets another source, with the conditions on the way to it. */
export interface SourceNat {
  readonly owner: string
  readonly place: string
  readonly table: string
  /** The chains from the base chain to the one that has the rule. */
  readonly chains: readonly string[]
  readonly priority: number
  /** The order relative to our own chain. In an iptables POSTROUTING that has our jump, rules above it come before. */
  readonly order: 'before' | 'after' | 'unknown'
  readonly conditions: readonly Condition[]
  /** If it is absent, packets are masqueraded. */
  readonly to?: string
  /** The rule as its tool prints it. */
  readonly text: string
  /** Whether all packets of the flow come to the rule and match it. */
  readonly isCertain: boolean
  /** Only packets that somebody has marked come to it. Rules for NAT do not show whether these packets are marked. */
  readonly needsMark: boolean
}

/** The place of our rules, as in `PlaceName`. */
export type OwnPlace = string

/** Lists every rule for source NAT that packets can come to. None is certain. */
export function listSourceNat({ hooks }: Foreign, own: OwnPlace): SourceNat[] {
  return hooks.flatMap((hook) => rulesIn(hook, own))
}

/**
 * Lists the rules that the flow may meet, in the order of the base chains. In each base chain these are the rules for
 * packets without a mark, up to the first that is certain, and the rules for marked packets before it.
 */
export function sourceNatOf({ hooks }: Foreign, own: OwnPlace, flow: Flow): SourceNat[] {
  return hooks
    .filter(({ families }) => families.includes(flow.source.family))
    .sort((a, b) => a.priority - b.priority)
    .flatMap((hook) => {
      const unmarked = rulesIn(hook, own, { ...flow, mark: 0 })
      const isSame = (one: SourceNat) => (other: SourceNat) =>
        one.text === other.text && one.chains.join() === other.chains.join()
      const merged: SourceNat[] = []
      for (const one of rulesIn(hook, own, flow)) {
        const same = unmarked.find(isSame(one))
        merged.push(same ?? { ...one, isCertain: false, needsMark: true })
        if (same?.isCertain) break
      }
      return merged
    })
}

/** Goes through a base chain with the flow. Without a flow, it visits all rules. */
function rulesIn(hook: ForeignHook, own: OwnPlace, flow?: Flow): SourceNat[] {
  const { place, table, priority } = hook
  const found: SourceNat[] = []
  const ours = own === 'nftables' ? OWN_PRIORITY : IPTABLES_PRIORITY
  let order: SourceNat['order'] = priority < ours ? 'before' : priority > ours ? 'after' : 'unknown'
  if (own !== 'nftables' && leadsToOurs(hook)) order = 'before'
  walk(hook, flow, ({ rule: { verdict, text }, chains, conditions, texts, isCertain }) => {
    switch (verdict.do) {
      case 'ours':
        if (own !== 'nftables') order = 'after'
        return 'none'
      case 'masquerade':
      case 'snat': {
        const to = verdict.do === 'snat' ? { to: verdict.to } : {}
        const owner = ownerOf([table, ...chains], texts)
        found.push({
          ...{ owner, place, table, chains, priority, order, conditions, ...to },
          ...{ text, isCertain, needsMark: false },
        })
        return 'takes'
      }
      case 'accept':
      case 'drop':
      case 'queue':
        return 'passes'
      default:
        return 'none'
    }
  })
  return found
}

function leadsToOurs({ chain, chains }: ForeignHook): boolean {
  const rules: readonly ForeignRule[] = chains.get(chain) ?? []
  return rules.some(({ verdict }) => verdict.do === 'ours')
}

/** The priorities of our chain in nftables, and of every nat table's POSTROUTING that iptables makes. */
const [OWN_PRIORITY, IPTABLES_PRIORITY] = [99, 100]
