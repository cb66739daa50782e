import type { Host } from '../backend/backend'
import { inTurn } from '../backend/iptables/in-turn'
import { kindsOf, type LegacyTables } from '../backend/iptables/kinds'
import { type Iptables, type Outcome, runList, runScript, type ToolProcess } from '../backend/iptables/tool'
import { FAMILY_NAMES, type Family } from '../policy/address'
import type { Found, PrimaryFirewall, PrimaryRule, Removed } from './firewall'
import { parseListing, removalScript } from './iptables-rules'
import { chainName } from './names'

/** How often to read and write again; what changed after the read is refused. */
const ATTEMPTS = 4

/** The masquerade of bridge and ptp in each kind of iptables that the machine has. */
export function iptablesFirewalls(
  run: ToolProcess,
  host: Host,
  legacyTables: LegacyTables,
): readonly PrimaryFirewall[] {
  const { candidates } = kindsOf(run, host, legacyTables)
  return candidates
    .filter(({ variant }) => 'file' in host.findTool(`iptables${variant}`))
    .map((iptables) => ({
      name: nameOf(iptables),
      keyOf: chainName,
      networkKeyOf: (network) => network,
      list: ({ isThorough }) => list(iptables, isThorough),
      remove: (rules, isGone) => inTurn(host, () => remove(iptables, rules, isGone)),
    }))
}

function nameOf({ variant }: Iptables): string {
  return `iptables${variant}`
}

/** Lists the rules. POSTROUTING alone is 50 times faster to list on a node with many Services. */
function list(iptables: Iptables, isThorough: boolean): Found {
  const parts = FAMILY_NAMES.map((family): Found => {
    const outcome = read(iptables, family, isThorough ? undefined : 'POSTROUTING')
    if (outcome === undefined) return { rules: [], problems: [] }
    if (!outcome.ok) return { rules: [], problems: [problemOf(outcome)] }
    const { jumps, detached } = parseListing(outcome.stdout, nameOf(iptables))
    return { rules: [...jumps, ...detached], problems: [] }
  })
  return {
    rules: parts.flatMap(({ rules }) => rules),
    problems: parts.flatMap(({ problems }) => problems),
  }
}

/** Undefined where the machine has no such table, or no tool that could have made the rule (for example, no IPv6). */
function read(iptables: Iptables, family: Family, chain: string | undefined): Outcome | undefined {
  if (!iptables.mayHaveRules(family)) return undefined
  const outcome = runList(iptables, family, chain)
  if (outcome.ok) return outcome
  return ['unsupported', 'unusable'].includes(outcome.failure) || /does not exist|No chain/.test(outcome.said)
    ? undefined
    : outcome
}

function problemOf({ tool, said }: Outcome & { readonly ok: false }): string {
  return `Cannot look for the primary plugin's masquerade rules: ${tool}: ${said}`
}

/**
 * Removes rules with one run of iptables-restore for each family. The script names every rule that it deletes: if one of
 * them is not as it was read, nothing is changed.
 *
 * The chain of a container that may still have a DEL stays, without the rule that jumped to it. bridge and ptp fail a DEL
 * that finds no such chain, and DELs are often called with the config of the ADD (CRI-O, flannel).
 */
function remove(
  iptables: Iptables,
  rules: readonly PrimaryRule[],
  isGone: (key: string) => boolean,
): Removed {
  const removed: PrimaryRule[] = []
  const failures: string[] = []
  const texts = new Set(rules.map(({ text }) => text))
  for (const family of FAMILY_NAMES) {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const listing = read(iptables, family, undefined)
      if (listing === undefined) break
      const plan = listing.ok
        ? removalScript(parseListing(listing.stdout, nameOf(iptables)), { texts, isGone })
        : undefined
      if (plan && plan.rules.length === 0) break
      const outcome = plan ? runScript(iptables, family, plan.script) : listing
      if (outcome.ok) {
        removed.push(...(plan?.rules ?? []))
        break
      }
      if (outcome.failure === 'refused' && attempt < ATTEMPTS) continue
      failures.push(`Cannot remove the primary plugin's masquerade rules: ${outcome.tool}: ${outcome.said}`)
      break
    }
  }
  return { removed, failures }
}
