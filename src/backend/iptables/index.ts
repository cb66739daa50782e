import { FAMILY_NAMES } from '../../policy/address'
import type { Backend, Host, Removal } from '../backend'
import { attachmentId } from '../identity'
import { mergePruned } from '../pruned'
import { apply, applyWherePolicyIs } from './apply'
import { gone } from './gone'
import { askedOnce } from './holders'
import { inTurn } from './in-turn'
import { hasChain, kindsOf, type LegacyTables } from './kinds'
import { DISPATCH } from './layout'
import { doubledIn, leaveOthers } from './other-kinds'
import { isHooked, probe } from './probe'
import { list, prune } from './prune'
import { mergeRemovals, remove } from './remove'
import { replace, type Times } from './replace'
import { tearDown } from './tear-down'
import { type Iptables, TOOLS, type ToolProcess } from './tool'
import { verify } from './verify'

/** iptables as the host has it. Where both kinds are installed, what is removed is looked for in both. */
export function iptables(run: ToolProcess, host: Host, legacyTables: LegacyTables): Backend {
  const { areBoth, choose, candidates } = kindsOf(run, host, legacyTables)
  const othersThan = (chosen: Iptables) => (areBoth ? candidates.filter((one) => one !== chosen) : [])
  const change = <T>(work: () => T | Promise<T>) => inTurn(host, work)
  const backend: Backend = {
    async apply(wanted, isGone = async () => false) {
      const adding = { ...times(host), isGone: askedOnce(isGone) }
      // Where its rules can be, before anything is asked; with one kind there is nothing to ask.
      for (const one of areBoth ? candidates : []) {
        const applied = await applyWherePolicyIs(one, wanted, adding)
        if (applied) return applied
      }
      return apply(choose(), wanted, adding)
    },
    async remove(attachment, hint, where) {
      const del = { id: attachmentId(attachment), hint, bootSeconds: host.bootSeconds() }
      const parts: Removal[] = []
      for (const one of candidates) {
        // One tombstone is enough, in the likelier kind: one in the other would outlive the next ADD, which goes to the
        // likelier kind, and keep its rules from being restored.
        const isFirst = !parts.some(({ outcome }) => outcome === 'absent')
        const part = remove(one, { ...del, isHome: where?.setting === 'iptables' && isFirst })
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
      const replacement = replace(chosen, wanted, { dryRun, times: times(host) })
      return leaveOthers(othersThan(chosen), replacement, { wanted, dryRun, ...times(host) })
    },
    async prune(isStale, { dryRun }) {
      const options = { dryRun, bootSeconds: host.bootSeconds() }
      return mergePruned(candidates.map((one) => prune(one, isStale, options)))
    },
    list: async () => candidates.flatMap((one) => list(one)),
    gone: async () => gone(candidates, host.bootSeconds()),
    hasRules: async () =>
      candidates.some((one) =>
        FAMILY_NAMES.some((family) => one.mayHaveRules(family) && hasChain(one, family, DISPATCH)),
      ),
    async tearDown() {
      for (const one of candidates) tearDown(one)
    },
    probe: async () => probe(candidates[0] ?? choose(), host),
    standing: async (among = Object.values(TOOLS)) =>
      FAMILY_NAMES.filter((family) => among.includes(TOOLS[family]))
        .filter((family) => candidates.some((one) => isHooked(one, family)))
        .map((family) => TOOLS[family]),
  }
  return {
    ...backend,
    apply: (...call) => change(() => backend.apply(...call)),
    remove: (...call) => change(() => backend.remove(...call)),
    replace: (...call) => change(() => backend.replace(...call)),
    prune: (...call) => change(() => backend.prune(...call)),
    tearDown: () => change(() => backend.tearDown()),
  }
}

function times(host: Host): Times {
  return { epochSeconds: host.epochSeconds(), bootSeconds: host.bootSeconds() }
}
