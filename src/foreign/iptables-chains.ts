import { type Iptables, type Outcome, runListIn } from '../backend/iptables/tool'
import type { Family } from '../policy/address'
import { type Flow, mayMatch } from './conditions'
import { parseIptablesRule } from './iptables-rule'
import type { ForeignRule } from './model'

/** A base chain of iptables. */
export interface Base {
  readonly family: Family
  readonly table: string
  readonly chain: string
}

/**
 * The contents of a base chain, or why it could not be read. `unseen` is undefined if the machine has no such chain.
 */
export type ChainsRead =
  | { readonly chains: ReadonlyMap<string, readonly ForeignRule[]>; readonly policy: 'accept' | 'drop' }
  | { readonly unseen: string | undefined }

/**
 * The number of chains that are listed one by one. If there are more, the whole table is listed, which may have tens of
 * thousands of rules.
 */
const FEW_CHAINS = 8

/** Reads a base chain, and the chains that it leads to. Chains that the flow does not come to are left out. */
export function readChains(
  kind: Pick<Iptables, 'run' | 'variant'>,
  { family, table, chain: base }: Base,
  wanted: Flow | undefined,
): ChainsRead {
  const chains = new Map<string, readonly ForeignRule[]>()
  const open = [base]
  let policy: 'accept' | 'drop' = 'accept'
  let runs = 0
  for (const name of open) {
    if (chains.has(name)) continue
    runs += 1
    const outcome = runListIn(kind, family, { table, ...(runs <= FEW_CHAINS && { chain: name }) })
    if (!outcome.ok) {
      if (name === base && isNothing(outcome)) return { unseen: undefined }
      // The target is no chain, but for example TPROXY.
      if (name !== base && isNothing(outcome)) continue
      return { unseen: `others' rules in iptables: ${outcome.tool}: ${outcome.said}` }
    }
    for (const [chain, rules] of parseChains(outcome.stdout)) if (!chains.has(chain)) chains.set(chain, rules)
    if (name === base && outcome.stdout.includes(`-P ${base} DROP`)) policy = 'drop'
    for (const { verdict, conditions } of chains.get(name) ?? []) {
      const isJump = verdict.do === 'jump' || verdict.do === 'goto'
      if (isJump && (!wanted || mayMatch(conditions, wanted))) open.push(verdict.chain)
    }
  }
  return { chains, policy }
}

/** The machine has no such table or chain, or no tool that could have made a rule in it. */
function isNothing(outcome: Outcome & { readonly ok: false }): boolean {
  return ['unsupported', 'unusable'].includes(outcome.failure) || /does not exist|No chain/.test(outcome.said)
}

/** The chains that `iptables -S` lists, with their rules. */
function parseChains(text: string): Map<string, ForeignRule[]> {
  const chains = new Map<string, ForeignRule[]>()
  for (const line of text.split('\n')) {
    const [, kind, chain = '', rule = ''] = /^-([PNA]) (\S+)(?: (.*))?$/.exec(line) ?? []
    if (kind === undefined) continue
    const rules = chains.get(chain) ?? []
    chains.set(chain, rules)
    if (kind === 'A') rules.push(parseIptablesRule(rule))
  }
  return chains
}
