import type { Applied, Backend, Host, Wanted } from '../backend'
import { networkDigest } from '../identity'
import { mergePruned } from '../pruned'
import { apply, applyWherePolicyIs } from './apply'
import { DISPATCH, ownerId } from './layout'
import { prune } from './prune'
import { remove } from './remove'
import { replace } from './replace'
import { type Iptables, runList, type ToolProcess, type Variant } from './tool'
import { verify } from './verify'

/** One kind of iptables. */
export function iptablesVariant(tools: Iptables, host: Host): Backend {
  return {
    apply: (wanted) => apply(tools, wanted, host.epochSeconds()),
    remove: (attachment, hint) => remove(tools, attachment, hint),
    verify: (wanted) => verify(tools, wanted),
    replace: (wanted, { dryRun }) => replace(tools, wanted, { dryRun, epochSeconds: host.epochSeconds() }),
    prune: (isStale, options) => prune(tools, isStale, options),
    probe: () => probe(tools, host),
    isTableMissing: () => {
      const outcome = runList(tools, 'ip', DISPATCH)
      return !outcome.ok && outcome.failure === 'refused'
    },
    id: ownerId,
    networkDigest,
  }
}

/** linux/capability.h */
const CAP_NET_ADMIN = 12n

/** STATUS: what can be seen without starting a process; iptables is started only where /proc does not tell. */
async function probe(tools: Iptables, host: Host): Promise<string[]> {
  const { variant } = tools
  const missing = [`iptables${variant}-restore`, `ip6tables${variant}-restore`].flatMap((tool) => {
    const found = host.findTool(tool)
    return 'tried' in found ? [`no ${tool} that can be started: ${found.tried.join(', ')}`] : []
  })
  if (missing.length > 0) return missing
  const capabilities = await host.effectiveCapabilities()
  if (capabilities !== undefined)
    return (capabilities >> CAP_NET_ADMIN) & 1n ? [] : ['CAP_NET_ADMIN is not effective']
  const outcome = runList(tools, 'ip', DISPATCH)
  return outcome.ok || outcome.failure === 'refused' ? [] : [outcome.said]
}

/**
 * iptables as the host has it. Where both kinds are installed: the one that has rules of ours, else the one that kubelet
 * uses, else the host's default. An ADD tries where it can be, and so asks nothing first.
 */
export function iptables(run: ToolProcess, host: Host): Backend {
  const of = (variant: Variant) => iptablesVariant({ run, variant }, host)
  const candidates = () => variants(host)
  const chosen = () => of(chooseVariant(run, host))
  const first = of('')
  return {
    apply(wanted: Wanted): Applied {
      for (const variant of candidates()) {
        const applied = applyWherePolicyIs({ run, variant }, wanted, host.epochSeconds())
        if (applied) return applied
      }
      return chosen().apply(wanted)
    },
    remove(attachment, hint) {
      const unknown = candidates().flatMap((variant) => of(variant).remove(attachment, hint) ?? [])
      return unknown.length > 0 ? unknown.join('; ') : undefined
    },
    verify: (wanted) => chosen().verify(wanted),
    replace: (wanted, options) => chosen().replace(wanted, options),
    prune: (isStale, options) =>
      mergePruned(candidates().map((variant) => of(variant).prune(isStale, options))),
    probe: () => first.probe(),
    isTableMissing: () => candidates().every((variant) => of(variant).isTableMissing()),
    id: first.id,
    networkDigest: first.networkDigest,
  }
}

/** Where rules of ours may be. */
function variants(host: Host): Variant[] {
  const areBoth = ['iptables-nft', 'iptables-legacy'].every((tool) => 'file' in host.findTool(tool))
  if (!areBoth) return ['']
  return host.legacyTables().includes('nat') ? ['-nft', '-legacy'] : ['-nft']
}

/** kubelet's, in the mangle table of the kind that it uses (KEP-3178). */
const HINT = 'KUBE-IPTABLES-HINT'

function chooseVariant(run: ToolProcess, host: Host): Variant {
  const candidates = variants(host)
  if (candidates[0] === '') return ''
  const inUse = candidates.find((variant) => runList({ run, variant }, 'ip', DISPATCH).ok)
  if (inUse !== undefined) return inUse
  const hinted = (['-nft', '-legacy'] as const).find(
    (variant) => (variant === '-nft' || host.legacyTables().includes('mangle')) && hasHint(run, variant),
  )
  return hinted ?? ''
}

function hasHint(run: ToolProcess, variant: Variant): boolean {
  const result = run(`iptables${variant}`, ['-w', '5', '-t', 'mangle', '-S', HINT], '')
  return result.outcome === 'exited' && result.status === 0
}
