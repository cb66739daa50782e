import type { Attachment } from '../cni/attachment'
import { findOwnPlugin, type Network } from '../cni/conflists'
import { type Address, toMapped } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import type { PrimaryFirewall, PrimaryRule } from './firewall'
import { isPrimaryMasqueradeOff } from './masquerade-switch'
import { holderOf } from './released'

/** The result for the masquerade rules of primary plugins whose conflists switch masquerading off. */
export interface TakenOver {
  readonly removed: readonly PrimaryRule[]
  readonly kept: readonly KeptRule[]
  /** Rules that still masquerade towards exempt destinations, and why, one line each. */
  readonly failures: readonly string[]
  /** Things that could not be looked at, one line each. */
  readonly problems: readonly string[]
}

export interface KeptRule {
  readonly rule: PrimaryRule
  readonly why: string
}

export const NOTHING_TAKEN_OVER: TakenOver = { removed: [], kept: [], failures: [], problems: [] }

/** An attachment as a result cache has it. */
export interface Known {
  readonly attachment: Pick<Attachment, 'network' | 'containerID' | 'ifname'>
  /** Its network namespace no longer exists. */
  readonly isGone: boolean
}

/** The facts that decide about the rules of primary plugins. */
export interface NodeState {
  readonly networks: Iterable<Network>
  /** Is called only when there is a rule to judge. */
  readonly known: () => readonly Known[]
  /** Whether no network namespace on the node has this address, and all of them could be looked into. */
  readonly isUnused: (address: Address) => boolean
  /** Addresses that have rules of ours, or would have them after a dry run. */
  readonly standing: readonly Address[]
}

export interface TakeOverOptions {
  readonly dryRun: boolean
  /** Only report what would be removed, and remove nothing. */
  readonly keep: boolean
  /** Also look for chains that were left behind. */
  readonly isThorough: boolean
}

/**
 * bridge, ptp and flannel remove their masquerade rules when their config says "ipMasq". Once that is switched off, an
 * older pod keeps its rule: until its end it is masqueraded towards exempt destinations too, and after that the next pod
 * with its address is. So for each network that has ip-masq, and a primary plugin whose own masquerade is off, this
 * removes the rules that such plugins made for it, where
 *
 * - the address has rules of ours, or
 * - the container is gone: nobody has the address.
 *
 * Rules of other networks, of other plugins, and of addresses about which nothing is known are left alone.
 */
export async function takeOver(
  firewalls: () => Promise<readonly PrimaryFirewall[]>,
  { networks: all, standing, ...others }: NodeState,
  options: TakeOverOptions,
): Promise<TakenOver> {
  const networks = [...all].filter(({ plugins }) => findOwnPlugin(plugins) && isPrimaryMasqueradeOff(plugins))
  if (networks.length === 0) return NOTHING_TAKEN_OVER
  const ours = new Set(standing.map(toMapped))
  const parts: TakenOver[] = []
  for (const firewall of await firewalls())
    parts.push(await takeOverIn(firewall, { ...others, networks, ours }, options))
  return {
    removed: parts.flatMap(({ removed }) => removed),
    kept: parts.flatMap(({ kept }) => kept),
    failures: parts.flatMap(({ failures }) => failures),
    problems: parts.flatMap(({ problems }) => problems),
  }
}

interface Judged extends Pick<NodeState, 'known' | 'isUnused'> {
  readonly networks: readonly Network[]
  /** Addresses that have rules of ours, by `toMapped`. */
  readonly ours: ReadonlySet<bigint>
}

async function takeOverIn(
  firewall: PrimaryFirewall,
  { networks, known: readKnown, isUnused, ours }: Judged,
  { dryRun, keep, isThorough }: TakeOverOptions,
): Promise<TakenOver> {
  const byKey = new Map(networks.map((network) => [firewall.networkKeyOf(network.name), network]))
  const { rules, problems } = firewall.list({ isThorough })
  const candidates = rules.flatMap((rule) => {
    const network = byKey.get(rule.networkKey)
    return network ? [{ rule, network }] : []
  })
  if (candidates.length === 0) return { ...NOTHING_TAKEN_OVER, problems }
  // The caches are read after the rules: the container of an existing rule is in the cache, or its ADD is under way.
  const known = readKnown()
  const alive = aliveKeys(firewall, known)
  // If no cache has an attachment of the network, the runtime may keep its attachments elsewhere.
  const isCached = (network: Network) => known.some(({ attachment }) => attachment.network === network.name)
  const doomed: PrimaryRule[] = []
  const kept: KeptRule[] = []
  for (const { rule, network } of candidates) {
    const isFree = (address: Address) => isCached(network) && isUnused(address)
    const why = reasonToKeep(rule, { firewall, network, ours, alive, isFree })
    if (why === undefined) doomed.push(rule)
    else if (rule.address) kept.push({ rule, why })
  }
  if (keep) {
    const failures = doomed.flatMap((rule) => (rule.address ? [keptByOption(rule)] : []))
    return { removed: [], kept, failures, problems }
  }
  if (dryRun || doomed.length === 0) return { removed: doomed, kept, failures: [], problems }
  return { ...(await firewall.remove(doomed, (key) => alive.get(key) !== true)), kept, problems }
}

/** The keys of all attachments in a cache, and whether one of them may be alive. */
function aliveKeys(firewall: PrimaryFirewall, known: readonly Known[]): ReadonlyMap<string, boolean> {
  const alive = new Map<string, boolean>()
  for (const { attachment, isGone } of known) {
    const key = firewall.keyOf(attachment)
    alive.set(key, alive.get(key) === true || !isGone)
  }
  return alive
}

interface Facts {
  readonly firewall: PrimaryFirewall
  readonly network: Network
  /** Addresses that have rules of ours, by `toMapped`. */
  readonly ours: ReadonlySet<bigint>
  /** The keys of attachments in a cache, and whether they may be alive. */
  readonly alive: ReadonlyMap<string, boolean>
  /** Whether nobody on the node has the address. */
  readonly isFree: (address: Address) => boolean
}

function reasonToKeep(
  { key, address, containerID }: PrimaryRule,
  { firewall, network, ours, alive, isFree }: Facts,
): string | undefined {
  const isAlive = alive.get(key)
  // A chain to which nothing jumps has no effect, but the DEL of its container expects to find it.
  if (!address) return isAlive ? 'its container still exists' : undefined
  if (ours.has(toMapped(address)) || isAlive === false) return undefined
  if (isAlive) return 'there are no rules of ours for this address yet'
  const holder = holderOf(network.plugins, network.name, address)
  if (holder === 'free') return undefined
  if (holder === 'unknown')
    return isFree(address) ? undefined : `nothing shows that container ${containerID} is gone`
  // If the file names no interface, the container decides; its name may be cut in the comment.
  const { ifname = '' } = holder
  const isHolder =
    firewall.keyOf({ network: network.name, ifname, containerID: holder.containerID }) === key ||
    (holder.ifname === undefined && holder.containerID.startsWith(containerID))
  return isHolder ? `its address is reserved for container ${holder.containerID}` : undefined
}

function keptByOption(rule: PrimaryRule): string {
  return `${describeRule(rule)}: kept by --keep-primary-rules`
}

/** `10.244.1.2: masquerade rule of its primary plugin (iptables CNI-..., container c1)`. */
export function describeRule({ address, firewall, key, containerID }: PrimaryRule): string {
  const subject = address
    ? `${formatAddress(address)}: masquerade rule of the primary plugin`
    : 'chain of the primary plugin'
  return `${subject} (${firewall} ${key}, container ${containerID})`
}
