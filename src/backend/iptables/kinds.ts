import { FAMILY_NAMES, type Family } from '../../policy/address'
import { once } from '../../system/once'
import type { Host } from '../backend'
import { DISPATCH } from './layout'
import { type Iptables, runList, runVersion, type ToolProcess, toError, type Variant } from './tool'

/** The names of the tables that iptables-legacy has made. */
export type LegacyTables = Readonly<Record<Family, readonly string[]>>

/**
 * The kinds of iptables that the host has: rules in the kernel's nf_tables, or in its older tables (legacy). Both may be
 * installed, and then one of them is the default. The kernel obeys both.
 */
export interface Kinds {
  readonly areBoth: boolean
  /** The kind that has rules of ours; else the kind that kubelet uses; else the host's default, if the kernel can run it. */
  choose(): Iptables
  /** The kinds that may have rules of ours, the likelier first. Each has a table to look into. */
  readonly candidates: readonly Iptables[]
}

export function kindsOf(run: ToolProcess, host: Host, legacyTables: LegacyTables): Kinds {
  const of = (variant: Variant, isLegacy: () => boolean): Iptables => {
    const hasLegacyTable = (family: Family) => legacyTables[family].includes('nat')
    return {
      run,
      variant,
      // In nf_tables a look creates nothing.
      hasTable: (family) => hasLegacyTable(family) || !isLegacy(),
      mayHaveRules: (family) => hasLegacyTable(family) || (host.mayHaveTable(family, 'nat') && !isLegacy()),
    }
  }
  const has = (variant: Variant) => 'file' in host.findTool(`iptables${variant}-restore`)
  const [nft, legacy] = [of('-nft', () => false), of('-legacy', () => true)]
  const isDefaultLegacy = once(() => isLegacyTool(run, host))
  const byDefault = has('')
    ? of('', isDefaultLegacy)
    : has('-nft')
      ? nft
      : has('-legacy')
        ? legacy
        : undefined
  // The host has none: the first call then reports where it was looked for.
  const only = byDefault ?? of('', () => false)
  // The default may be of the kind that this kernel cannot run.
  if (has('-legacy') && !host.mayHaveNfTables()) return justOne(legacy)
  if (!(has('-nft') && has('-legacy'))) return justOne(only)
  const candidates = legacy.hasTable('ip') || legacy.hasTable('ip6') ? [legacy, nft] : [nft]
  return {
    areBoth: true,
    candidates,
    choose() {
      const isInUse = (one: Iptables) =>
        FAMILY_NAMES.some((family) => one.hasTable(family) && hasChain(one, family, DISPATCH))
      // Listing a table of legacy that does not exist would create it.
      const hinted = legacyTables.ip.includes('mangle') ? [nft, legacy] : [nft]
      const isLegacyBetter = () => isDefaultLegacy() || lacksNatOfNft(host.kernelRelease())
      return candidates.find(isInUse) ?? hinted.find(hasHint) ?? (isLegacyBetter() ? legacy : nft)
    },
  }
}

/**
 * Before 4.18 a NAT chain of nf_tables translates no answers unless there is one at prerouting too, and no transaction
 * deletes a chain together with what leads to it. Seen on 4.15; 4.18 does both.
 */
function lacksNatOfNft(release: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? []
  return major !== undefined && (Number(major) < 4 || (major === '4' && Number(minor) < 18))
}

function justOne(one: Iptables): Kinds {
  return { areBoth: false, choose: () => one, candidates: [one] }
}

/**
 * Whether the chain exists. Throws where the tool does not end, finds a lock or may not look: then nobody knows, and the
 * next question would get no answer either.
 */
export function hasChain(iptables: Iptables, family: Family, chain: string): boolean {
  const outcome = runList(iptables, family, chain)
  if (!outcome.ok && ['locked', 'unknown', 'denied'].includes(outcome.failure))
    throw toError('look for our rules', outcome)
  return outcome.ok
}

/**
 * Whether a tool is of the legacy kind. The file that its links lead to shows it (xtables-nft-multi), or else the version
 * that the tool prints.
 */
export function isLegacyTool(run: ToolProcess, host: Host): boolean {
  const found = host.findTool('iptables-restore')
  if (!('file' in found)) return true
  const name = host.realPath(found.file).split('/').at(-1) ?? ''
  if (/nft/.test(name)) return false
  if (/legacy|^xtables-multi$/.test(name)) return true
  return !/nf_tables/.test(runVersion({ run, variant: '' }))
}

/** kubelet makes this chain in the mangle table of the kind that it uses (KEP-3178). */
const HINT = 'KUBE-IPTABLES-HINT'

function hasHint({ run, variant }: Iptables): boolean {
  const result = run(`iptables${variant}`, ['-w', '5', '-t', 'mangle', '-S', HINT], '')
  return result.outcome === 'exited' && result.status === 0
}
