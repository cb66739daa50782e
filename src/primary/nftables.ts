import type { Host } from '../backend/backend'
import { type NftOutcome, type NftProcess, runScript } from '../backend/nftables/text/nft'
import { parsePrinted } from '../policy/address-text'
import type { Found, PrimaryFirewall, PrimaryRule, Removed } from './firewall'
import { attachmentMark, networkMark } from './names'

const TABLE_NAME = 'cni_plugins_masquerade'
const TABLE = `inet ${TABLE_NAME}`
const CHAIN = `${TABLE} masq_checks`
const NAME = 'nftables'

/**
 * A handle names a rule for as long as its table exists. A table that is deleted and made again counts from 1, so an old
 * handle could name somebody else's rule. This chain is made before the handles are read, and deleted together with the
 * rules: if it is missing by then, nothing is deleted.
 */
const GUARD = `${TABLE} ip-masq-guard`

/** How often to read and write again; what changed after the read is refused. */
const ATTEMPTS = 4

/** The nftables masquerade that bridge and ptp have from version 1.6 on. */
export function nftablesFirewall(nft: NftProcess, host: Host): readonly PrimaryFirewall[] {
  if ('tried' in host.findTool('nft')) return []
  return [
    {
      name: NAME,
      keyOf: attachmentMark,
      networkKeyOf: networkMark,
      list: () => (host.mayHaveTable('inet', TABLE_NAME) ? list(nft) : NONE),
      remove: async (rules) => remove(nft, rules),
    },
  ]
}

const NONE: Found = { rules: [], problems: [] }

function list(nft: NftProcess): Found {
  const outcome = runScript(nft, [], `list chain ${CHAIN}\n`)
  if (outcome.ok) return { rules: parseRules(outcome.stdout).map(({ rule }) => rule), problems: [] }
  if (isAbsent(outcome)) return NONE
  return {
    rules: [],
    problems: [`Cannot look for the primary plugin's masquerade rules: nft: ${outcome.said}`],
  }
}

function isAbsent(outcome: NftOutcome): boolean {
  return !outcome.ok && ['missing', 'unsupported'].includes(outcome.failure)
}

interface Handled {
  readonly rule: PrimaryRule
  readonly handle: string
}

const RULE = /^\s*(ip6? saddr (\S+) ip6? daddr != \S+ masquerade comment "([^"]*)")(?: # handle (\d+))?$/
const COMMENT = /^(([0-9a-f]{16})-[0-9a-f]{16}), net: [^,]*(?:, if: [^,]*(?:, id: (.*))?)?/

/**
 * Parses `ip saddr 10.244.1.2 ip daddr != 10.244.1.0/24 masquerade comment "<mark>, net: pods, if: eth0, id: c1" # handle
 * 7`. Any other rule belongs to somebody else.
 */
export function parseRules(text: string): Handled[] {
  return text.split('\n').flatMap((line) => {
    const [, rule = '', host = '', comment = '', handle = ''] = RULE.exec(line) ?? []
    const [, key, networkKey, containerID = ''] = COMMENT.exec(comment) ?? []
    const address = parsePrinted(host)
    if (!address || key === undefined || networkKey === undefined) return []
    return [{ handle, rule: { firewall: NAME, address, key, networkKey, containerID, text: rule } }]
  })
}

function remove(nft: NftProcess, rules: readonly PrimaryRule[]): Removed {
  const texts = new Set(rules.map(({ text }) => text))
  for (let attempt = 1; ; attempt++) {
    const guard = runScript(nft, [], `add chain ${GUARD}\n`)
    // Without the table there are no rules.
    if (isAbsent(guard)) return { removed: [], failures: [] }
    const listed = guard.ok ? runScript(nft, ['-a'], `list chain ${CHAIN}\n`) : guard
    const found = listed.ok ? parseRules(listed.stdout).filter(({ rule }) => texts.has(rule.text)) : []
    const lines = found.map(({ handle }) => `delete rule ${CHAIN} handle ${handle}\n`)
    const outcome = listed.ok ? runScript(nft, [], `${lines.join('')}delete chain ${GUARD}\n`) : listed
    if (outcome.ok) return { removed: found.map(({ rule }) => rule), failures: [] }
    if (outcome.failure === 'missing' && attempt < ATTEMPTS) continue
    return {
      removed: [],
      failures: [`Cannot remove the primary plugin's masquerade rules: nft: ${outcome.said}`],
    }
  }
}
