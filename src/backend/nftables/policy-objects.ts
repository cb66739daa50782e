import { FAMILY_NAMES, type Family } from '../../policy/address'
import type { Policy } from '../../policy/policy'
import { countPorts } from '../../policy/ports'
import type { Range, Ranges } from '../../policy/range'
import type { Rule, Translation } from './transaction'

/** The sets and chains that the table has for one policy. */
export interface PolicyObjects {
  readonly sets: readonly {
    readonly name: string
    readonly family: Family
    readonly ranges: Ranges
  }[]
  /** The chains; pods are sent to the first. No chain ever exists without its rules. */
  readonly chains: readonly Chain[]
}

interface Chain {
  readonly name: string
  readonly rules: readonly Rule[]
}

/**
 *   <name>-ip[6]       destinations that see the pod's own address
 *   <name>-only-ip[6]  the only destinations that are masqueraded, if there is such a limit
 *   <name>-to-<i>-ip[6]  destinations that are masqueraded in another way, and the chain for them, <name>-to-<i>-ip[6]
 *   <name>             the decision, in this order: exempt, limited to others, in another way, by outgoing interface
 *   <chain>-out        the translations for packets that leave through one of the named interfaces
 */
export function policyObjects(policy: Policy, name: string): PolicyObjects {
  const sets: PolicyObjects['sets'][number][] = []
  const rules: Rule[] = []
  const chains: Chain[] = []
  for (const family of FAMILY_NAMES) {
    const one = policy.families[family]
    if (!one) {
      rules.push({ do: 'skip-family', family })
      continue
    }
    const exempt = `${name}-${family}`
    sets.push({ name: exempt, family, ranges: one.exempt })
    if (policy.pinExemptions) {
      // DNATed flows come first: if they were pinned, a pod that reaches itself through its Service would get no answer.
      rules.push({ do: 'exempt', family, set: exempt, onlyDnat: true }, { do: 'pin', family, set: exempt })
    } else {
      rules.push({ do: 'exempt', family, set: exempt })
    }
    if (one.destinations) {
      const limit = `${name}-only-${family}`
      sets.push({ name: limit, family, ranges: one.destinations })
      rules.push({ do: 'limit', family, set: limit })
    }
    let i = 0
    for (const special of one.special ?? []) {
      const to = `${name}-to-${i++}-${family}`
      sets.push({ name: to, family, ranges: special.destinations })
      rules.push({ do: 'divert', family, set: to, chain: to })
      chains.push(...waysOut(policy, to, translate(policy, [plainFor(policy, family, special.snatTo)])))
    }
  }
  const [first, ...others] = waysOut(policy, name, translate(policy, translateFamilies(policy)))
  return { sets, chains: [{ name, rules: [...rules, ...(first?.rules ?? [])] }, ...others, ...chains] }
}

/**
 * A chain that ends with these translations. Where interfaces are named, a second chain has the translations for packets
 * that leave through them.
 */
function waysOut(policy: Policy, name: string, translations: readonly Translation[]): Chain[] {
  if (policy.outInterfaces.length === 0 || translations.length === 0) return [{ name, rules: translations }]
  const out = `${name}-out`
  return [
    {
      name,
      rules: inOrder(policy).map((one): Rule => ({ do: 'leave-through', interface: one, chain: out })),
    },
    { name: out, rules: translations },
  ]
}

/** Each interface once, sorted by name: any order and spelling gives the same policy. */
function inOrder({ outInterfaces }: Policy): Policy['outInterfaces'] {
  const keyOf = ({ name, isWildcard }: Policy['outInterfaces'][number]) => `${name}${isWildcard ? '*' : ''}`
  const byKey = new Map(outInterfaces.map((one) => [keyOf(one), one]))
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

const PROTOCOLS_WITH_PORTS = ['tcp', 'udp', 'sctp']

/**
 * The translation of a packet that is not exempt: first the translations for protocols whose ports are chosen, then those
 * for all others.
 */
function translate(policy: Policy, plain: readonly Translation[]): Translation[] {
  const ports = policy.toPorts.map((range, i) => {
    // The ports consist of several ranges. Each draw is among the ranges that are left, so that every port is equally
    // likely.
    const [own, of] = [countPorts([range]), countPorts(policy.toPorts.slice(i))]
    return { range, ...(own < of && { draw: { below: own, of } }) }
  })
  const withPorts = PROTOCOLS_WITH_PORTS.flatMap((protocol) =>
    ports.flatMap((one) => plain.map((translation) => ({ ...translation, ports: { protocol, ...one } }))),
  )
  return [...withPorts, ...plain]
}

/** One translation for both families, unless a family has a source of its own. */
function translateFamilies({ families, fullyRandom }: Policy): Translation[] {
  const used = FAMILY_NAMES.filter((family) => families[family] !== undefined)
  if (used.length === 0) return []
  if (used.every((family) => !families[family]?.snatTo)) return [{ do: 'translate', fullyRandom }]
  return used.map((family) => plainFor({ fullyRandom }, family, families[family]?.snatTo))
}

function plainFor({ fullyRandom }: Pick<Policy, 'fullyRandom'>, family: Family, to?: Range): Translation {
  return { do: 'translate', family, ...(to && { to }), fullyRandom }
}
