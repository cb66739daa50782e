import type { Namespace } from './namespace'
import { podAddresses, readTable } from './table'

/**
 * What the shared suite (`test/shared`) asks of the kernel, in the words of each firewall. FIREWALL says which one the
 * suite runs over; the rules are read with the firewall's own tool, not with the parsers that are under test.
 */
export interface Firewall {
  readonly name: string
  /** Keys that every config has. */
  readonly keys: Readonly<Record<string, unknown>>
  /** Address -> containerID of its holder; throws where an address has only a half of what it should have. */
  holders(node: Namespace): Promise<Record<string, string>>
  /** When the ADD of a container with an IPv4 address was, as its rules say: in seconds of the epoch. */
  addedAt(node: Namespace, containerID: string): Promise<number>
  /** Address -> name of its policy. */
  policies(node: Namespace): Promise<Record<string, string>>
  /** What the policy of an address exempts, as the firewall prints it. */
  exempt(node: Namespace, address: string): Promise<string[]>
  /** All rules, ours and others', without the tombstones of DELs; '' for none. */
  list(node: Namespace): Promise<string>
  /** Shell lines. */
  readonly flush: string
  /** Ways to lose all rules that are noticed at once. */
  readonly losses: readonly (readonly [string, string])[]
  /** Ways to damage what all pods share: what a sync repairs. */
  readonly damages: readonly (readonly [string, string])[]
  readonly loseRule: (address: string) => string
  readonly loseOwner: (address: string) => string
  readonly loseOwners: string
  readonly addForeign: string
  readonly listForeign: string
  /** Succeeds while our rules are asked for each packet. */
  readonly isHooked: string
  /** What sync says when it finds nothing of ours, for a pod of both families. */
  readonly missing: readonly string[]
  readonly policyName: RegExp
  /** Where the script begins in the output of a dry run. */
  readonly scriptStart: string
  /** Rules with what changes when they are written again. */
  readonly listHandles: string
}

const nftables: Firewall = {
  name: 'nftables',
  keys: {},
  async holders(node) {
    const table = await readTable(node)
    const holders = Object.fromEntries(
      Object.keys(table?.owners ?? {})
        .filter((key) => key !== '::')
        .map((mapped) => [mapped.replace('::ffff:', ''), table?.comments[mapped]?.split(' ')[3] ?? '']),
    )
    return sameAddresses(holders, await podAddresses(node))
  },
  async addedAt(node, containerID) {
    const comments = Object.values((await readTable(node))?.comments ?? {}).map((text) => text.split(' '))
    return Number(comments.find(([, , , container]) => container === containerID)?.[1])
  },
  policies: async (node) => (await readTable(node))?.pods ?? {},
  async exempt(node, address) {
    const table = await readTable(node)
    return [...(table?.sets[`${table.pods[address]}-${address.includes(':') ? 'ip6' : 'ip'}`] ?? [])]
  },
  async list(node) {
    // A DEL leaves a tombstone for two minutes, where there is no table in one of its own. It is no rule.
    const listing = (await node.sh('nft list ruleset'))
      .replace(/\S+ timeout 2m expires \S+ : ::(?:,\s*)?/g, '')
      .replace(/\n\t\telements = \{\s*\}/g, '')
    return /\bchain\b/.test(listing) ? listing : ''
  },
  flush: 'nft flush ruleset',
  losses: [
    ['flushed', 'nft flush ruleset'],
    ['deleted', 'nft delete table inet ip-masq'],
    ['left without its base chain', 'nft delete chain inet ip-masq nat-postrouting'],
  ],
  damages: [
    ['rules of the base chain', 'nft flush chain inet ip-masq nat-postrouting'],
    ['all rules', 'nft flush table inet ip-masq'],
    [
      'the hook',
      `nft -f - <<< 'delete chain inet ip-masq nat-postrouting; add chain inet ip-masq nat-postrouting { type nat hook postrouting priority 200; }'`,
    ],
    ['the base chain', 'nft delete chain inet ip-masq nat-postrouting'],
    ['a table that sleeps', "nft -f - <<< 'add table inet ip-masq { flags dormant; }'"],
    ['the exemptions', 'nft flush set inet ip-masq POLICY-ip'],
    ['the owners', 'nft flush map inet ip-masq owners'],
  ],
  loseRule: (address) =>
    `nft delete element inet ip-masq pods-ip${address.includes(':') ? '6' : ''} { ${address} }`,
  loseOwner: (address) =>
    `nft delete element inet ip-masq owners { ${address.includes(':') ? '' : '::ffff:'}${address} }`,
  loseOwners: 'nft delete map inet ip-masq owners',
  addForeign: 'nft add table inet foreign; nft add chain inet foreign c; nft add rule inet foreign c accept',
  listForeign: 'nft list table inet foreign',
  isHooked: '[ "$(nft list chain inet ip-masq nat-postrouting | grep -c vmap)" = 2 ]',
  missing: ['repaired table inet ip-masq: missing'],
  policyName: /^policy-[0-9a-f]{16}$/,
  scriptStart: '\nadd table inet ip-masq\n',
  listHandles: 'nft -a list table inet ip-masq',
}

function iptables(kind: 'nft' | 'legacy'): Firewall {
  const tools = [`iptables-${kind}`, `ip6tables-${kind}`]
  const toolFor = (address: string) => tools[address.includes(':') ? 1 : 0] ?? ''
  const both = (line: string) => `for tool in ${tools.join(' ')}; do ${line}; done`
  // A look at a table of legacy that is not there would make it.
  const files = ['/proc/net/ip_tables_names', '/proc/net/ip6_tables_names']
  const look = (arguments_: string) =>
    tools
      .map((tool, i) => {
        const look = `${tool} -t nat ${arguments_} 2>/dev/null`
        return kind === 'nft' ? `${look} || true` : `grep -qs nat ${files[i]} && ${look} || true`
      })
      .join('\n')
  const dispatchOf = (address: string) =>
    `${toolFor(address)} -t nat -S IPM-PODS | grep -F -- "-s ${address}/"`
  const undo = (tool: string) => `sed 's/^-A/-D/' | xargs -rL1 ${tool} -t nat`
  const read = async (node: Namespace) => parseRules(await node.sh(look('-S')))
  const flush = both('$tool -t nat -F; $tool -t nat -X')
  return {
    name: `iptables-${kind}`,
    keys: { backend: 'iptables' },
    async holders(node) {
      const { dispatched, owners, rules } = await read(node)
      const holders: Record<string, string> = {}
      for (const [address, chain] of dispatched) {
        const owner =
          rules
            .get(chain)
            ?.find((rule) => rule.startsWith('-j IPM-O-'))
            ?.slice(3) ?? ''
        holders[address] = owners.get(owner)?.containerID ?? ''
      }
      return sameAddresses(
        holders,
        [...owners.values()].flatMap(({ addresses }) => addresses),
      )
    },
    async addedAt(node, containerID) {
      const rules = [...(await read(node)).rules.values()].flat()
      const note = rules.find((rule) => rule.includes(` ${containerID} `) && rule.includes('--comment'))
      const bytes = /-d (\d+)\.(\d+)\.(\d+)\.(\d+)\//.exec(note ?? '')?.slice(1) ?? []
      return bytes.reduce((number, byte) => number * 256 + Number(byte), 0)
    },
    async policies(node) {
      const { dispatched, rules } = await read(node)
      return Object.fromEntries(
        [...dispatched].map(([address, chain]) => [address, rules.get(chain)?.[0]?.replace('-g ', '') ?? '']),
      )
    },
    async exempt(node, address) {
      const policy = (await this.policies(node))[address] ?? ''
      const rules = (await read(node)).rules.get(policy) ?? []
      return rules
        .filter((rule) => rule.endsWith('-j RETURN'))
        .map((rule) => /-d (\S+)/.exec(rule)?.[1] ?? '')
    },
    async list(node) {
      // Without chains, nft's table has tombstones alone.
      const inNft = 'nft list table inet ip-masq 2>/dev/null'
      const text = await node.sh(`${look('-S')}; if ${inNft} | grep -q chain; then ${inNft}; fi`)
      return (
        text
          .split('\n')
          // Nor what DELs leave for two minutes: that decides about no packet.
          .filter((line) => !/^-P |^-[NA] IPM-D-/.test(line))
          .join('\n')
      )
    },
    flush,
    losses: [
      ['flushed', flush],
      ['left without its jump', both('$tool -t nat -F POSTROUTING')],
    ],
    damages: [
      ['the jump', both('$tool -t nat -F POSTROUTING')],
      ['all rules', both('$tool -t nat -F')],
      ['the hook', both('$tool -t nat -I POSTROUTING -o elsewhere -j MASQUERADE')],
      ['the pods', both('$tool -t nat -F IPM-PODS')],
      ['the exemptions', `${tools[0]} -t nat -F POLICY`],
      [
        'the owners',
        both(
          "$tool -t nat -S | sed -n 's/^-A IPM-A.* -j IPM-O.*/&/p' | sed s/^-A/-D/ | xargs -rL1 $tool -t nat",
        ),
      ],
    ],
    loseRule: (address) => `${dispatchOf(address)} | ${undo(toolFor(address))}`,
    loseOwner: (address) =>
      `chain=$(${dispatchOf(address)} | sed 's/.* -g //')
      ${toolFor(address)} -t nat -S $chain | grep -e '-j IPM-O-' | ${undo(toolFor(address))}`,
    loseOwners: both(`$tool -t nat -S | grep -e '-j IPM-O-' | ${undo('$tool')}
      $tool -t nat -S | sed -n 's/^-N IPM-O-/-F IPM-O-/p' | xargs -rL1 $tool -t nat
      $tool -t nat -S | sed -n 's/^-N IPM-O-/-X IPM-O-/p' | xargs -rL1 $tool -t nat`),
    addForeign: `${tools[0]} -t nat -N FOREIGN; ${tools[0]} -t nat -A FOREIGN -j ACCEPT; ${tools[0]} -t nat -A POSTROUTING -j FOREIGN`,
    listForeign: `${tools[0]} -t nat -S | grep FOREIGN`,
    isHooked: both('$tool -t nat -C POSTROUTING -j IPM-PODS'),
    missing: ['repaired iptables: chain IPM-PODS: missing', 'repaired ip6tables: chain IPM-PODS: missing'],
    policyName: /^IPM-P-[0-9a-f]{20}$/,
    scriptStart: `# iptables-${kind}-restore --noflush\n`,
    listHandles: kind === 'nft' ? 'nft -a list table ip nat; nft -a list table ip6 nat' : look('-S -v'),
  }
}

interface Rules {
  /** Address -> its chain. */
  readonly dispatched: ReadonlyMap<string, string>
  /** Chain -> who it is of, and the addresses that it has rows of. */
  readonly owners: ReadonlyMap<string, { containerID: string; addresses: string[] }>
  readonly rules: ReadonlyMap<string, readonly string[]>
}

/** `-S` of both families: the names of our chains are different ones in each, but for the first. */
function parseRules(text: string): Rules {
  const rules = new Map<string, string[]>()
  const dispatched = new Map<string, string>()
  const owners = new Map<string, { containerID: string; addresses: string[] }>()
  for (const [, chain = '', rule = ''] of text.matchAll(/^-A (\S+) (.*)$/gm)) {
    rules.set(chain, [...(rules.get(chain) ?? []), rule])
    const address = /^-s (\S+)\/(?:32|128) /.exec(`${rule} `)?.[1] ?? ''
    if (chain === 'IPM-PODS') dispatched.set(address, rule.split(' ').at(-1) ?? '')
    if (!chain.startsWith('IPM-O-')) continue
    const owner = owners.get(chain) ?? { containerID: '', addresses: [] }
    owners.set(chain, owner)
    const comment = /--comment "([^"]*)"/.exec(rule)?.[1]
    if (comment !== undefined) owner.containerID = comment.split(' ')[1] ?? ''
    else if (!rule.includes(' -d ')) owner.addresses.push(address)
  }
  return { dispatched, owners, rules }
}

function sameAddresses(
  holders: Record<string, string>,
  addresses: readonly string[],
): Record<string, string> {
  const [one, other] = [Object.keys(holders).sort(), [...addresses].sort()].map((list) => list.join(' '))
  if (one !== other) throw new Error(`rules of "${one}", owners or pods of "${other}"`)
  return holders
}

const FIREWALLS: readonly Firewall[] = [nftables, iptables('nft'), iptables('legacy')]

export const firewall: Firewall =
  FIREWALLS.find(({ name }) => name === (process.env.FIREWALL ?? 'nftables')) ?? nftables

/** In each network namespace: what makes ip-masq choose this firewall where its config does not. */
export const CHOOSE =
  firewall.name === 'iptables-legacy' ? 'iptables-legacy -t mangle -N KUBE-IPTABLES-HINT' : ''

/** The addresses that have a rule, in order. */
export async function masquerading(node: Namespace): Promise<string[]> {
  return Object.keys(await firewall.policies(node)).sort()
}
