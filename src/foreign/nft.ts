import { type NftProcess, runScript } from '../backend/nftables/text/nft'
import type { Family } from '../policy/address'
import { type Flow, flowAt, mayMatch } from './conditions'
import {
  type FilterHook,
  type FilterHookName,
  type Foreign,
  type ForeignFilters,
  type ForeignHook,
  type ForeignRule,
  hasRules,
  isFilterHook,
} from './model'
import { parseNftRule } from './nft-rule'

const OWN_TABLE = 'inet ip-masq'

const FAMILIES: Readonly<Record<string, readonly Family[]>> = {
  ip: ['ip'],
  ip6: ['ip6'],
  inet: ['ip', 'ip6'],
}

/** More chains than anybody's source NAT has. Listing each takes a process. */
const MOST_CHAINS = 64

interface BaseChain {
  readonly table: string
  readonly chain: string
  readonly type: string
  readonly hook: string
  readonly priority: number
  readonly policy: 'accept' | 'drop'
}

/**
 * Reads the base chains for source NAT in nftables, except ours, chain by chain. Listing a whole ruleset takes long,
 * and some versions of nft crash on others' rules. `isSkipped` selects base chains that are read in another way.
 */
export function readNft(nft: NftProcess, isSkipped: (base: BaseChain) => boolean): Foreign {
  const { read, unseen } = readBases(nft, {
    isWanted: (base) => base.type === 'nat' && base.hook === 'postrouting' && !isSkipped(base),
  })
  return { hooks: read.map(({ hook }) => hook).filter(hasRules), unseen }
}

/** Reads the chains in which nftables may stop the flow's packets or keep them from being tracked. */
export function readNftFilters(
  nft: NftProcess,
  wanted: Flow,
  isSkipped: (base: Pick<BaseChain, 'table' | 'chain'>) => boolean,
): ForeignFilters {
  const { family } = wanted.source
  const { read, unseen } = readBases(nft, {
    wanted,
    isWanted: (base) => isFilter(base) && familiesOf(base.table).includes(family) && !isSkipped(base),
  })
  const hooks = read.flatMap(({ hook, base }): FilterHook[] =>
    isFilter(base) ? [{ ...hook, hook: base.hook, policy: base.policy }] : [],
  )
  return { hooks, unseen }
}

function isFilter(base: BaseChain): base is BaseChain & { readonly hook: FilterHookName } {
  return base.type === 'filter' && isFilterHook(base.hook)
}

interface Selection {
  readonly isWanted: (base: BaseChain) => boolean
  /** Chains that this flow does not come to are left out. */
  readonly wanted?: Flow
}

function readBases(nft: NftProcess, { isWanted, wanted }: Selection) {
  const listed = runScript(nft, [], 'list chains\n')
  if (!listed.ok) {
    // Without nf_tables in the kernel there are no such rules.
    const isAbsent = listed.failure === 'unsupported'
    return { read: [], unseen: isAbsent ? [] : [`others' rules in nftables: nft: ${listed.said}`] }
  }
  const bases = parseAllBaseChains(listed.stdout).filter((base) => base.table !== OWN_TABLE && isWanted(base))
  const read = bases.map((base) => ({ base, ...readHook(nft, base, wanted && flowAt(base, wanted)) }))
  return { read, unseen: read.flatMap((one) => one.unseen) }
}

/** The base chains of type nat in postrouting, from the output of `nft list chains`. */
export function parseBaseChains(text: string): BaseChain[] {
  return parseAllBaseChains(text).filter(({ type, hook }) => type === 'nat' && hook === 'postrouting')
}

function parseAllBaseChains(text: string): BaseChain[] {
  const found: BaseChain[] = []
  let [table, chain] = ['', '']
  for (const line of text.split('\n')) {
    table = /^table (\S+ \S+) \{/.exec(line)?.[1] ?? table
    chain = /^\tchain (\S+) \{/.exec(line)?.[1] ?? chain
    const [, type, hook, priority, rest = ''] =
      /^\s*type (\S+) hook (\S+) priority ([^;]+);(.*)$/.exec(line) ?? []
    if (type === undefined || hook === undefined || priority === undefined) continue
    const policy = /\bpolicy drop;/.test(rest) ? 'drop' : 'accept'
    found.push({ table, chain, type, hook, priority: numberOf(priority), policy })
  }
  return found
}

/** The names that nft has for priorities. It prints others relative to them: `srcnat - 1`, `filter + 10`. */
const PRIORITIES: Readonly<Record<string, number>> = {
  ...{ raw: -300, mangle: -150, dstnat: -100, filter: 0, security: 50, srcnat: 100 },
}

function numberOf(priority: string): number {
  const [, name = '', sign = '', offset = '0'] = /^([a-z]*) ?([+-]?) ?(\d*)$/.exec(priority.trim()) ?? []
  return (PRIORITIES[name] ?? 0) + (sign === '-' ? -1 : 1) * Number(offset)
}

function readHook(
  nft: NftProcess,
  { table, chain, priority }: BaseChain,
  wanted: Flow | undefined,
): { readonly hook: ForeignHook; readonly unseen: readonly string[] } {
  const chains = new Map<string, readonly ForeignRule[]>()
  const unseen: string[] = []
  const list = (what: string): string => {
    const outcome = runScript(nft, [], `list ${what}\n`)
    if (!outcome.ok) unseen.push(`${what} of nftables: nft: ${outcome.said}`)
    return outcome.ok ? outcome.stdout : ''
  }
  const readMap = (name: string) => elementsIn(list(`map ${table} ${name}`))
  const open = [chain]
  for (const name of open) {
    if (chains.has(name)) continue
    if (chains.size === MOST_CHAINS) {
      unseen.push(
        `table ${table} of nftables: more than ${MOST_CHAINS} of its chains belong to one base chain`,
      )
      break
    }
    const rules = rulesIn(list(`chain ${table} ${name}`)).flatMap((line) => {
      // nft has no words of its own for matches and targets of iptables.
      if (/\bxt (match|target)\b|# xt_/.test(line))
        unseen.push(`a rule of iptables in table ${table}: ${line}`)
      return parseNftRule(line, readMap)
    })
    chains.set(name, rules)
    for (const { verdict, conditions } of rules) {
      const isJump = verdict.do === 'jump' || verdict.do === 'goto'
      if (isJump && (!wanted || mayMatch(conditions, wanted))) open.push(verdict.chain)
    }
  }
  const families = familiesOf(table)
  return { hook: { place: 'nftables', table, chain, priority, families, chains }, unseen }
}

function familiesOf(table: string): readonly Family[] {
  return FAMILIES[table.split(' ')[0] ?? ''] ?? []
}

/** The rules of a listed chain, one line each. nft breaks long sets into several lines. */
function rulesIn(text: string): string[] {
  const rules: string[] = []
  let open = ''
  for (const line of text.split('\n')) {
    if (open === '' && !line.startsWith('\t\t')) continue
    open = open === '' ? line.trim() : `${open} ${line.trim()}`
    if (count(open, '{') > count(open, '}')) continue
    if (!/^(type \S+ hook |comment "|policy )/.test(open)) rules.push(open)
    open = ''
  }
  return rules
}

/** Counts a character outside of comments and other quoted texts. */
function count(text: string, character: string): number {
  return text.replaceAll(/"[^"]*"/g, '').split(character).length - 1
}

/** The elements of a listed map. */
function elementsIn(text: string): string[] {
  const [, inner = ''] = /elements = \{([^}]*)\}/.exec(text) ?? []
  return inner
    .split(',')
    .map((element) => element.replace(/\s+/g, ' ').trim())
    .filter((element) => element !== '')
}
