import { FAMILY_NAMES, type Family } from '../../policy/address'
import type { InterfacePattern } from '../../policy/interface'
import type { FamilyPolicy, Policy, Special } from '../../policy/policy'
import type { PortRange } from '../../policy/ports'
import type { Range } from '../../policy/range'
import { comparePolicy } from './compare-structure'
import { wordDifference } from './difference'
import { policyName } from './policy-name'
import { findChain, findSet, type Line, type Table } from './table'
import type { Translation } from './transaction'

export interface ReadPolicy {
  /** Absent where no policy of ours has these sets and chains. */
  readonly policy?: Policy
  /** Whether the chain has the name that we would give this policy. */
  readonly isAsNamed: boolean
  /** How the table differs from the most similar policy of ours, one line each. */
  readonly foreign: readonly string[]
}

/**
 * Reads a policy from its chains and sets: `policyObjects` backwards. It guesses the policy that the rules resemble, and
 * the guess is right if that policy has exactly these rules.
 */
export function readPolicy(table: Table, name: string): ReadPolicy {
  const guess = guessPolicy(table, name)
  const differences = comparePolicy(table, guess, name)
  if (differences.length > 0) return { isAsNamed: false, foreign: differences.map(wordDifference) }
  return { policy: guess, isAsNamed: policyName(guess) === name, foreign: [] }
}

function guessPolicy(table: Table, name: string): Policy {
  const main = findChain(table, name)?.lines ?? []
  const out = wayOut(table, name)
  const families: { [F in Family]?: FamilyPolicy } = {}
  for (const family of FAMILY_NAMES) {
    if (main.some((line) => line.do === 'skip-family' && line.family === family)) continue
    families[family] = guessFamily(table, main, { name, family })
  }
  // The other settings of a policy that masquerades nothing are in no rule.
  if (!families.ip && !families.ip6) {
    return { families, toPorts: [], outInterfaces: [], fullyRandom: true, pinExemptions: false }
  }
  return {
    families,
    toPorts: portsOf(out.translations),
    outInterfaces: out.interfaces,
    fullyRandom: out.translations.some(({ fullyRandom }) => fullyRandom),
    pinExemptions: main.some((line) => line.do === 'pin'),
  }
}

function guessFamily(
  table: Table,
  main: readonly Line[],
  { name, family }: { readonly name: string; readonly family: Family },
): FamilyPolicy {
  const isLimited = main.some((line) => line.do === 'limit' && line.family === family)
  const snatTo = sourceIn(wayOut(table, name).translations, family)
  const special = main.flatMap((line): Special[] => {
    if (line.do !== 'divert' || line.family !== family) return []
    const own = sourceIn(wayOut(table, line.chain).translations, family)
    return [{ destinations: rangesIn(table, line.set), ...(own && { snatTo: own }) }]
  })
  return {
    exempt: rangesIn(table, `${name}-${family}`),
    ...(isLimited && { destinations: rangesIn(table, `${name}-only-${family}`) }),
    ...(snatTo && { snatTo }),
    ...(special.length > 0 && { special }),
  }
}

interface WayOut {
  readonly interfaces: readonly InterfacePattern[]
  readonly translations: readonly Translation[]
}

/** The translations at the end of a chain, or in the chain for its interfaces. */
function wayOut(table: Table, chain: string): WayOut {
  const lines = findChain(table, chain)?.lines ?? []
  const interfaces = lines.flatMap((line) => (line.do === 'leave-through' ? [line.interface] : []))
  const last = interfaces.length > 0 ? (findChain(table, `${chain}-out`)?.lines ?? []) : lines
  return { interfaces, translations: last.flatMap((line) => (line.do === 'translate' ? [line] : [])) }
}

/** The source that packets of a family get if their protocol has no ports; a policy has only one. */
function sourceIn(translations: readonly Translation[], family: Family): Range | undefined {
  return translations.find((one) => !one.ports && one.family === family)?.to
}

/** The port ranges, which are the same for every protocol and for each family. */
function portsOf(translations: readonly Translation[]): PortRange[] {
  const [first] = translations
  return translations.flatMap(({ ports, family }) =>
    ports && ports.protocol === first?.ports?.protocol && family === first.family ? [ports.range] : [],
  )
}

function rangesIn(table: Table, set: string): Range[] {
  const elements = findSet(table, set)?.elements ?? []
  const ranges = elements.flatMap((one) => ('text' in one ? [] : [one]))
  return ranges.sort((a, b) => (a.first < b.first ? -1 : 1))
}
