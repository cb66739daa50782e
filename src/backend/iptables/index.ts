import { FAMILY_NAMES } from '../../policy/address'
import type { Backend, Host, Removal } from '../backend'
import { mergePruned } from '../pruned'
import { apply, applyWherePolicyIs } from './apply'
import { hasChain, kindsOf, type LegacyTables } from './kinds'
import { DISPATCH } from './layout'
import { doubledIn, leaveOthers } from './other-kinds'
import { isHooked, probe } from './probe'
import { list, prune } from './prune'
import { mergeRemovals, remove } from './remove'
import { replace } from './replace'
import { tearDown } from './tear-down'
import { type Iptables, TOOLS, type ToolProcess } from './tool'
import { verify } from './verify'

/** iptables as the host has it. Where both kinds are installed, what is removed is looked for in both. */
export function iptables(run: ToolProcess, host: Host, legacyTables: LegacyTables): Backend {
  const { areBoth, choose, candidates } = kindsOf(run, host, legacyTables)
  const othersThan = (chosen: Iptables) => (areBoth ? candidates.filter((one) => one !== chosen) : [])
  return {
    async apply(wanted) {
      const now = host.epochSeconds()
      // Where its rules can be, before anything is asked; with one kind there is nothing to ask.
      for (const one of areBoth ? candidates : []) {
        const applied = applyWherePolicyIs(one, wanted, now)
        if (applied) return applied
      }
      return apply(choose(), wanted, now)
    },
    async remove(attachment, hint) {
      const parts: Removal[] = []
      for (const one of candidates) {
        const part = remove(one, attachment, hint)
        if (part.outcome === 'removed') return part
        parts.push(part)
      }
      return mergeRemovals(parts)
    },
    async verify(wanted) {
      const chosen = choose()
      return [...verify(chosen, wanted), ...doubledIn(othersThan(chosen), wanted)]
    },
    async replace(wanted, { dryRun }) {
      const chosen = choose()
      const replacement = replace(chosen, wanted, { dryRun, epochSeconds: host.epochSeconds() })
      return leaveOthers(othersThan(chosen), replacement, { wanted, dryRun })
    },
    prune: async (isStale, options) => mergePruned(candidates.map((one) => prune(one, isStale, options))),
    list: async () => candidates.flatMap((one) => list(one)),
    gone: async () => new Set(),
    hasRules: async () =>
      candidates.some((one) =>
        FAMILY_NAMES.some((family) => one.hasTable(family) && hasChain(one, family, DISPATCH)),
      ),
    async tearDown() {
      for (const one of candidates) tearDown(one)
    },
    probe: () => probe(candidates[0] ?? choose(), host),
    standing: async (among = Object.values(TOOLS)) =>
      FAMILY_NAMES.filter((family) => among.includes(TOOLS[family]))
        .filter((family) => candidates.some((one) => isHooked(one, family)))
        .map((family) => TOOLS[family]),
  }
}
