import type { Lane } from './lane'
import { ID_DIGITS, type Observation, type ObservedPolicy } from './observation'
import { contains } from './policy-oracle'

/** Chain -> its rules, of one family. */
type Chains = ReadonlyMap<string, readonly string[]>

/** A look at a table of iptables-legacy that is not there would make it. */
export function listScript(kind: Lane['kind']): string {
  return ['iptables', 'ip6tables']
    .map((tool) => {
      const list = `${tool}-${kind.firewall === 'iptables-nft' ? 'nft' : 'legacy'} -t nat -S 2>/dev/null || true`
      const names = `/proc/net/${tool === 'iptables' ? 'ip' : 'ip6'}_tables_names`
      const guarded = kind.firewall === 'iptables-nft' ? list : `if grep -qs nat ${names}; then ${list}; fi`
      return `${guarded}; echo`
    })
    .join('; echo ----; ')
}

export async function readIptables(lane: Lane): Promise<Observation> {
  const text = await lane.sh(listScript(lane.kind))
  const parts = text.split('----').map(chainsOf)
  const observations = parts.map(observationOf)
  return {
    rules: Object.assign({}, ...observations.map(({ rules }) => rules)),
    policies: Object.assign({}, ...observations.map(({ policies }) => policies)),
    isHooked: observations.some(({ isHooked }) => isHooked),
    foreign: text.replaceAll(/^(?:-P .*|.*IPM-.*)\n/gm, ''),
    problems: observations.flatMap(({ problems }) => problems),
  }
}

function chainsOf(text: string): Chains {
  const chains = new Map<string, string[]>()
  for (const [, kind, chain = '', rule = ''] of text.matchAll(/^-([NA]) (\S+) ?(.*)$/gm)) {
    const rules = chains.get(chain) ?? []
    chains.set(chain, rules)
    if (kind === 'A') rules.push(rule)
  }
  return chains
}

function observationOf(chains: Chains): Omit<Observation, 'foreign'> {
  const problems: string[] = []
  const rules: Record<string, { id: string; policy: string }> = {}
  const policies: Record<string, ObservedPolicy> = {}
  const used = new Set<string>()
  for (const rule of chains.get('IPM-PODS') ?? []) {
    const [, address = '', chain = ''] = /^-s (\S+)\/(?:32|128) -g (IPM-A-\S+)$/.exec(rule) ?? []
    if (address === '' || rules[address]) problems.push(`IPM-PODS has the rule "${rule}"`)
    const own = chains.get(chain) ?? []
    const policy = own.find((one) => one.startsWith('-g IPM-P-'))?.slice(3) ?? 'nothing'
    const owner = own.find((one) => one.startsWith('-j IPM-O-'))?.slice(3) ?? 'nobody'
    if (own.length !== 2) problems.push(`${chain} has the rules "${own.join('", "')}"`)
    if (!chains.has(owner)) problems.push(`${address} is of ${owner}, which is not there`)
    rules[address] = { id: owner.slice('IPM-O-'.length, 'IPM-O-'.length + ID_DIGITS), policy }
    policies[policy] ??= policyOf(policy, chains)
    for (const one of [chain, owner]) used.add(one)
  }
  for (const chain of chains.keys()) {
    if (/^IPM-[AO]-/.test(chain) && !used.has(chain)) problems.push(`nothing leads to ${chain}`)
  }
  // Two calls that could not wait for each other may both put the jump back: a packet takes the first one.
  const isHooked = (chains.get('POSTROUTING') ?? []).some((rule) => rule === '-j IPM-PODS')
  return { rules, policies, isHooked, problems }
}

function policyOf(name: string, chains: Chains): ObservedPolicy {
  return {
    text: JSON.stringify([name, ...reachable(name, chains)]),
    isMasqueraded: (destination) => isMasqueraded(name, destination, chains) === 'masquerade',
  }
}

function reachable(chain: string, chains: Chains): string[] {
  return (chains.get(chain) ?? []).flatMap((rule) => {
    const next = / ?-[gj] (IPM-\S+)$/.exec(rule)?.[1]
    return [rule, ...(next ? reachable(next, chains) : [])]
  })
}

/** Goes through a chain as a packet does. Only what the fuzzer's configs lead to is understood. */
function isMasqueraded(chain: string, destination: string, chains: Chains): 'masquerade' | 'return' | 'end' {
  for (const rule of chains.get(chain) ?? []) {
    const match =
      /^(?:-d (\S+) )?(?:-m comment --comment (?:"[^"]*"|\S+) )?-([jg]) (\S+)(?: --random-fully)?$/.exec(rule)
    if (!match) throw new Error(`unknown rule ${rule}`)
    const [, prefix, how, target = ''] = match
    if (prefix !== undefined && !contains(prefix, destination)) continue
    if (target === 'MASQUERADE') return 'masquerade'
    if (target === 'RETURN') return 'return'
    const end = isMasqueraded(target, destination, chains)
    if (how === 'g' || end === 'masquerade') return end
  }
  return 'end'
}
