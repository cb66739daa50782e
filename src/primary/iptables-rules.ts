import { type Address, addressOf } from '../policy/address'
import { parseDigits } from '../policy/digits'
import type { PrimaryRule } from './firewall'
import { chainName, ruleComment } from './names'

/** The reference plugins' part of what `iptables -t nat -S` prints. */
export interface Listing {
  /** Rules of POSTROUTING, each of which sends one address to a container's chain. */
  readonly jumps: readonly PrimaryRule[]
  /** Containers' chains to which no rule jumps. */
  readonly detached: readonly PrimaryRule[]
  /** The rules of each chain, whole lines without their `-A `. */
  readonly chains: ReadonlyMap<string, readonly string[]>
}

const CHAIN = /^CNI-[0-9a-f]{24}$/
const COMMENT = /-m comment --comment "name: \\"([\w.-]+)\\" id: \\"([\w.-]+)\\"" -j (\S+)$/

export function parseListing(text: string, firewall: string): Listing {
  const chains = new Map<string, string[]>()
  const jumps: PrimaryRule[] = []
  const targets = new Set<string>()
  for (const line of text.split('\n')) {
    const [, command, chain = ''] = /^-([NA]) (\S+)/.exec(line) ?? []
    const target = / -[jg] (CNI-\S+)/.exec(line)?.[1]
    if (target !== undefined) targets.add(target)
    if (chain === 'POSTROUTING') jumps.push(...parseJump(line.slice(3), firewall))
    if (!CHAIN.test(chain)) continue
    const rules = chains.get(chain) ?? []
    chains.set(chain, rules)
    if (command === 'A') rules.push(line.slice(3))
  }
  const detached = [...chains].flatMap(([chain, rules]) =>
    targets.has(chain) ? [] : parseChain(chain, rules, firewall),
  )
  return { jumps, detached, chains }
}

/** `POSTROUTING -s 10.244.1.2/32 -m comment --comment "name: \"pods\" id: \"c1\"" -j CNI-...` */
function parseJump(text: string, firewall: string): PrimaryRule[] {
  const address = hostIn(/^POSTROUTING -s (\S+) -m comment /.exec(text)?.[1] ?? '')
  const named = namesIn(text)
  if (!address || !named || named.target !== named.key) return []
  return [{ firewall, address, text, ...keysOf(named) }]
}

/**
 * Parses a chain. The plugins write the rule that masquerades last: a chain without it is only half written, or not
 * theirs.
 */
function parseChain(chain: string, rules: readonly string[], firewall: string): PrimaryRule[] {
  const named = namesIn(rules.find((rule) => rule.endsWith(' -j MASQUERADE')) ?? '')
  if (named?.key !== chain) return []
  return [{ firewall, address: undefined, text: chain, ...keysOf(named) }]
}

interface Names {
  readonly network: string
  readonly containerID: string
  readonly key: string
  readonly target: string
}

function namesIn(text: string): Names | undefined {
  const [, network, containerID, target = ''] = COMMENT.exec(text) ?? []
  if (network === undefined || containerID === undefined) return undefined
  return { network, containerID, target, key: chainName({ network, containerID, ifname: '' }) }
}

function keysOf({ network, containerID, key }: Names) {
  return { networkKey: network, containerID, key }
}

/** `10.244.1.2/32` as one address, and nothing else. */
function hostIn(text: string): Address | undefined {
  const [host = '', length] = text.split('/')
  const digits = parseDigits(host)
  return digits !== undefined && Number(length) === 4 * digits.length ? addressOf(digits) : undefined
}

export interface Wish {
  /** The texts of the rules, and the names of the detached chains, that are to be deleted. */
  readonly texts: ReadonlySet<string>
  readonly isGone: (key: string) => boolean
}

/** The requested rules that still exist, and the script that removes exactly them. */
export function removalScript(
  { jumps, detached, chains }: Listing,
  { texts, isGone }: Wish,
): { readonly rules: readonly PrimaryRule[]; readonly script: string } {
  const isWished = ({ text }: PrimaryRule) => texts.has(text)
  const going = jumps.filter(isWished)
  const staying = new Set(jumps.filter((jump) => !isWished(jump)).map(({ key }) => key))
  const freed = new Set(going.map(({ key }) => key).filter((key) => isGone(key) && !staying.has(key)))
  const isOwn = (key: string, { containerID, networkKey }: PrimaryRule) =>
    (chains.get(key) ?? []).every((rule) =>
      rule.includes(`--comment ${quoted(ruleComment({ network: networkKey, containerID, ifname: '' }))} -j `),
    )
  const emptied = detached.filter((chain) => isWished(chain) && isOwn(chain.key, chain))
  const doomed = [
    ...[...freed].filter((key) => going.some((jump) => jump.key === key && isOwn(key, jump))),
    ...emptied.map(({ key }) => key),
  ]
  const lines = [
    ...going.map(({ text }) => `-D ${text}`),
    ...doomed.flatMap((chain) => [...(chains.get(chain) ?? []).map((rule) => `-D ${rule}`), `-X ${chain}`]),
  ]
  return { rules: [...going, ...emptied], script: ['*nat', ...lines, 'COMMIT', ''].join('\n') }
}

/** The comment as iptables prints it when it holds quotes. */
function quoted(comment: string): string {
  return `"${comment.replaceAll('"', '\\"')}"`
}
