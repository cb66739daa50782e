import type { Host } from '../backend/backend'
import { isLegacyTool, kindsOf } from '../backend/iptables/kinds'
import { type Iptables, type Outcome, runList, type ToolProcess } from '../backend/iptables/tool'
import { FAMILY_NAMES, type Family } from '../policy/address'
import { allHold, type Flow } from './conditions'
import { parseIptablesRule } from './iptables-rule'
import { type Foreign, type ForeignHook, type ForeignRule, hasRules } from './model'

const POSTROUTING = 'POSTROUTING'

/** NF_IP_PRI_NAT_SRC: where every nat table's POSTROUTING is hooked. */
const PRIORITY = 100

/** So many chains are listed one by one; after that the whole table is, which may have tens of thousands of rules. */
const FEW_CHAINS = 8

export interface ForeignIptables extends Foreign {
  /** Tables of nf_tables that iptables-nft has made, and that were read: `ip nat`. */
  readonly tablesOfNft: readonly string[]
}

/** `wanted`: chains that this flow does not come to are left unread. */
export function readIptables(run: ToolProcess, host: Host, wanted?: Flow): ForeignIptables {
  const legacyTables = { ip: host.legacyTables('ip'), ip6: host.legacyTables('ip6') }
  const { candidates } = kindsOf(run, host, legacyTables)
  const found = candidates.flatMap((kind) =>
    FAMILY_NAMES.filter((family) => wanted === undefined || wanted.source.family === family).map((family) =>
      readHook(kind, family, wanted),
    ),
  )
  const hooks = found.flatMap(({ hook }) => hook ?? [])
  const isOfNft = ({ place }: ForeignHook) =>
    place === 'iptables-nft' || (place === 'iptables' && !isLegacyTool(run, host))
  return {
    hooks: hooks.filter(hasRules),
    tablesOfNft: hooks.filter(isOfNft).map(({ table }) => table),
    unseen: found.flatMap(({ unseen }) => unseen ?? []),
  }
}

interface Read {
  readonly hook?: ForeignHook
  readonly unseen?: string
}

function readHook(kind: Iptables, family: Family, wanted: Flow | undefined): Read {
  if (!kind.mayHaveRules(family)) return {}
  const chains = new Map<string, readonly ForeignRule[]>()
  const open = [POSTROUTING]
  let runs = 0
  for (const name of open) {
    if (chains.has(name)) continue
    runs += 1
    const outcome = runList(kind, family, runs > FEW_CHAINS ? undefined : name)
    if (!outcome.ok) {
      if (name === POSTROUTING && isNothing(outcome)) return {}
      return { unseen: `others' rules in iptables: ${outcome.tool}: ${outcome.said}` }
    }
    for (const [chain, rules] of parseChains(outcome.stdout)) if (!chains.has(chain)) chains.set(chain, rules)
    for (const { verdict, conditions } of chains.get(name) ?? []) {
      const isJump = verdict.do === 'jump' || verdict.do === 'goto'
      if (isJump && (!wanted || allHold(conditions, wanted) !== 'no')) open.push(verdict.chain)
    }
  }
  const place = `iptables${kind.variant}`
  return {
    hook: {
      ...{
        place,
        table: `${family} nat`,
        chain: POSTROUTING,
        families: [family],
        priority: PRIORITY,
        chains,
      },
    },
  }
}

/** The machine has no such table, or no tool that could have made a rule in it. */
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
