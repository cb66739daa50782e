import { isIP } from 'node:net'
import type { Add, Check, Del, Gc, Ip, Keys, Pod, Sync } from './operations'
import { keyOf } from './operations'
import { doTheSame, policyText } from './policy-oracle'
import {
  addressesOf,
  containerOf,
  distinct,
  type Entry,
  type LaneSurroundings,
  type Rule,
  type World,
  without,
} from './world'

/**
 * What each call does to a world, from the rules in docs and issues and not from the sources. A function returns all
 * outcomes that are right; none where the call could not have ended as it did.
 */

/** An address may be taken from its holder within a network, or when the holder's namespace is gone. */
function blockers(
  world: World,
  pod: Pod,
  network: string,
  ips: readonly Ip[],
  { alive }: LaneSurroundings,
): string[] {
  return ips
    .map(({ address }) => address)
    .filter((address) => {
      const holder = world.rules[address]
      if (!holder || holder.pod === keyOf(pod) || holder.network === network) return false
      return alive.has(containerOf(holder.pod))
    })
}

export function isRefused(world: World, { pod, network, ips }: Add, around: LaneSurroundings): boolean {
  return blockers(world, pod, network, ips, around).length > 0
}

/** Our part of an ADD that succeeded. `keys`: of the config that it was called with. */
export function added(world: World, add: Add, keys: Keys, around: LaneSurroundings, number: number): World[] {
  if (isRefused(world, add, around)) return []
  const { pod, network, ips } = add
  const rule: Rule = { pod: keyOf(pod), network, policy: policyText(keys, ips) }
  const own = Object.fromEntries(ips.map(({ address }) => [address, rule]))
  // Addresses of an earlier ADD without a DEL in between, which CNI forbids: they may stay until the DEL.
  const earlier = addressesOf(world, pod).filter((address) => !(address in own))
  const outcomes = subsets(earlier).map((some) => without(world.rules, some))
  const after = { ...world, isStanding: true, tombs: tombsAfter(world, add) }
  const restoring = {
    ...after,
    isUnhooked: false,
    pending: { ...world.pending, [number]: { restores: true } },
  }
  return outcomes.flatMap((rules) => {
    const whole = { rules: { ...rules, ...own } }
    if (!world.isStanding) return [{ ...restoring, ...whole }]
    // Without its hook a table is repaired by sync; an ADD need not notice.
    return world.isUnhooked || around.mayMiss
      ? [
          { ...after, ...whole },
          { ...restoring, ...whole },
        ]
      : [{ ...after, ...whole }]
  })
}

/**
 * The ADD's own DEL counts no more. A pod whose address it takes over has given that up; whether an earlier DEL of that
 * pod's counts again, now that the rules of its ADD are gone, is left open.
 */
function tombsAfter({ rules, tombs }: World, { pod, ips }: Add): World['tombs'] {
  const losers = ips.flatMap(({ address }) => rules[address]?.pod ?? [])
  const perhaps = Object.fromEntries(losers.map((loser) => [loser, tombs[loser] ?? ('perhaps' as const)]))
  return without({ ...tombs, ...perhaps }, [keyOf(pod)])
}

/** The second part, when the table was gone: the other pods of the network, by the config of the ADD. */
export function restoredBy(
  world: World,
  { pod, network }: Pick<Add, 'pod' | 'network'>,
  keys: Keys,
  { around, number, isTold }: { around: LaneSurroundings; number: number; isTold: boolean },
): World[] {
  if (!world.pending[number]?.restores) return [world]
  const done = { ...world, pending: without(world.pending, [String(number)]) }
  const others = Object.values(world.cache).filter(
    (entry) => entry.network === network && keyOf(entry.pod) !== keyOf(pod),
  )
  const outcomes = restored(done, others, { around, keysOf: () => keys, isFallback: true })
  // What it had no time for is on stderr.
  return isTold ? distinct([...outcomes, done]) : outcomes
}

interface Restoring {
  readonly around: LaneSurroundings
  readonly keysOf: (network: string) => Keys | undefined
  /** Rules that stand are left as they are. */
  readonly isFallback: boolean
}

/** The rules of cache entries, as far as nobody else holds their addresses. */
function restored(
  world: World,
  entries: readonly Entry[],
  { around, keysOf, isFallback }: Restoring,
): World[] {
  const living = entries.filter(
    ({ pod, network, isReadable }) => isReadable && around.alive.has(pod.containerID) && keysOf(network),
  )
  const candidates = living.filter(({ pod }) => world.tombs[keyOf(pod)] !== 'sure')
  // Of those whose addresses all are others', nothing is restored anyway.
  const perhaps = candidates.filter(
    ({ pod, ips }) =>
      world.tombs[keyOf(pod)] === 'perhaps' &&
      ips.some(({ address }) => (world.rules[address]?.pod ?? keyOf(pod)) === keyOf(pod)),
  )
  return distinct(
    subsets(perhaps).flatMap((left) => {
      const chosen = candidates.filter((one) => !left.includes(one))
      const variants = choices(chosen.map((entry) => writable(world, entry)))
      // The newer of two entries has the address. Whether one whose DEL came counts there too is left open.
      const rivalries = chosen.length < living.length ? [chosen, living] : [chosen]
      return rivalries.flatMap((rivals) =>
        variants.map((writes) => {
          const rules: Record<string, Rule> = { ...world.rules }
          for (const [i, entry] of chosen.entries()) {
            const pod = keyOf(entry.pod)
            const policy = policyText(keysOf(entry.network) ?? {}, entry.ips)
            const isWinner = ({ address }: Ip) => rivals.every((other) => !beats(other, entry, address))
            for (const { address } of (writes[i] ?? []).filter(isWinner)) {
              const holder = rules[address]
              if (holder && (holder.pod !== pod || isFallback)) continue
              rules[address] = { pod, network: entry.network, policy }
            }
          }
          const isHooked = Object.keys(rules).length > 0
          return {
            ...world,
            rules,
            isStanding: world.isStanding || isHooked,
            isUnhooked: world.isUnhooked && !isHooked,
          }
        }),
      )
    }),
  )
}

/**
 * The addresses of a cache entry that may be written. Where the kernel has another address of the same attachment, a later
 * ADD wrote that, so that the entry is old: what is missing stays so. Whether what stands is moved to another policy, and
 * whether that is judged in each family for itself, is left open.
 */
function writable({ rules }: World, { pod, ips }: Entry): readonly (readonly Ip[])[] {
  const own = Object.keys(rules).filter((address) => rules[address]?.pod === keyOf(pod))
  const extra = own.filter((address) => !ips.some((ip) => ip.address === address))
  if (extra.length === 0) return [ips]
  const families = new Set(extra.map((address) => isIP(address)))
  const standing = ips.filter(({ address }) => own.includes(address))
  const others = ips.filter(({ address }) => !families.has(isIP(address)))
  return [standing, [], others, [...others, ...standing.filter((ip) => !others.includes(ip))]]
}

/** One of each. */
function choices<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, list) => all.flatMap((some) => list.map((one) => [...some, one])), [[]])
}

function beats(other: Entry, entry: Entry, address: string): boolean {
  return other.order > entry.order && other.ips.some((ip) => ip.address === address)
}

/** All of them for few; for many, which never are there in practice, none and all. */
export function subsets<T>(items: readonly T[]): (readonly T[])[] {
  if (items.length > 7) return [[], items]
  return Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((_, i) => (bits >> i) & 1))
}

export function deleted(world: World, { pod }: Pick<Del, 'pod'>): World {
  const addresses = addressesOf(world, pod)
  const tomb = addresses.length > 0 ? 'sure' : (world.tombs[keyOf(pod)] ?? 'perhaps')
  return { ...world, rules: without(world.rules, addresses), tombs: { ...world.tombs, [keyOf(pod)]: tomb } }
}

/**
 * In iptables, where each family costs a process, a DEL with prevResult looks at the families that this one names. Of two
 * ADDs without a DEL in between, which CNI forbids, the first may have had another; the DEL without prevResult, or GC,
 * takes that one's address away.
 */
export function deletedInPart(world: World, { pod, prevResult }: Del): readonly World[] {
  if (typeof prevResult === 'string') return []
  const named = new Set(prevResult.map(({ address }) => isIP(address)))
  const others = addressesOf(world, pod).filter((address) => !named.has(isIP(address)))
  if (named.size === 0 || others.length === 0) return []
  const { rules, ...rest } = deleted(world, { pod })
  const kept = Object.fromEntries(
    others.flatMap((address) => Object.entries(world.rules).filter(([one]) => one === address)),
  )
  return [{ ...rest, rules: { ...rules, ...kept } }]
}

/** Without the rules of pods that are gone; whether the node remembers those as deleted is left open. */
function collected(world: World, isStale: (rule: Rule) => boolean): World {
  const addresses = Object.keys(world.rules).filter((address) => {
    const rule = world.rules[address]
    return rule && isStale(rule)
  })
  const pods = addresses.flatMap((address) => world.rules[address]?.pod ?? [])
  const tombs = { ...world.tombs }
  for (const pod of pods) tombs[pod] = tombs[pod] ?? 'perhaps'
  return { ...world, rules: without(world.rules, addresses), tombs }
}

/** The verb GC. A list that is null says nothing: only what is proven gone goes. */
export function garbageCollected(world: World, { network, valid }: Gc, { alive }: LaneSurroundings): World {
  const keys = valid?.map(keyOf)
  return collected(
    world,
    (rule) =>
      rule.network === network && (keys ? !keys.includes(rule.pod) : !alive.has(containerOf(rule.pod))),
  )
}

/** What is proven gone: its network namespace is. */
export function pruned(world: World, { alive }: LaneSurroundings): World {
  return collected(world, ({ pod }) => !alive.has(containerOf(pod)))
}

/** Sync with the cache that it read, which may be older than the kernel that it changes. */
export function synced(world: World, cache: World['cache'], around: LaneSurroundings): World[] {
  const keysOf = (network: string) => around.conf[network]
  return restored(world, Object.values(cache), { around, keysOf, isFallback: false }).flatMap((after) =>
    extras(after, cache).reduce<World[]>(
      (worlds, address) => worlds.flatMap((one) => [one, { ...one, rules: without(one.rules, [address]) }]),
      [after],
    ),
  )
}

/** Addresses that an attachment has in the kernel and not in the cache: an earlier ADD's, whose fate is open. */
function extras(world: World, cache: World['cache']): string[] {
  return Object.entries(world.rules).flatMap(([address, { pod }]) => {
    const entry = cache[pod]
    return entry?.isReadable && !entry.ips.some((ip) => ip.address === address) ? [address] : []
  })
}

/**
 * CHECK: `fine`, `missing` (nothing of the pod's is there), or `altered`; `open` where the config asks in other words for
 * what is there, because two texts of one meaning may be two policies, and where an earlier ADD left an address in a family
 * that this one has none of: with iptables, to look there costs a process.
 */
export function checked(
  world: World,
  { pod, ips }: Check,
  { keys, families }: { readonly keys: Keys; readonly families: readonly (readonly number[])[] },
): 'fine' | 'missing' | 'altered' | 'open' {
  const addresses = addressesOf(world, pod)
  if (!world.isStanding || addresses.length === 0) return 'missing'
  const policy = policyText(keys, ips)
  const isOwn = ({ address }: Ip) => world.rules[address]?.pod === keyOf(pod)
  const extra = addresses.filter((address) => !ips.some((ip) => ip.address === address))
  const named = families.filter((some) => ips.some(({ address }) => some.includes(isIP(address)))).flat()
  if (!ips.every(isOwn) || extra.some((address) => named.includes(isIP(address)))) return 'altered'
  const differing = ips.filter(({ address }) => world.rules[address]?.policy !== policy)
  if (differing.length === 0) return extra.length === 0 ? 'fine' : 'open'
  const means = ({ address }: Ip) => doTheSame(world.rules[address]?.policy ?? '', policy, isIP(address))
  return differing.every(means) ? 'open' : 'altered'
}

/** Everybody's rules go, or the way to them does; with iptables one family after the other. */
export function lost(world: World, what: 'ruleset' | 'ours' | 'hook', families: readonly number[]): World {
  if (what === 'hook') return { ...world, isUnhooked: world.isStanding }
  const addresses = Object.keys(world.rules).filter((address) => families.includes(isIP(address)))
  const tombs = Object.fromEntries(Object.keys(world.tombs).map((pod) => [pod, 'perhaps' as const]))
  return { ...world, isStanding: false, isUnhooked: false, rules: without(world.rules, addresses), tombs }
}

/**
 * What a call may have done before it was killed. iptables takes one family after the other, so an ADD may have taken
 * over a part of the addresses only.
 */
export function interrupted(
  world: World,
  call: Add | Del | Sync,
  around: LaneSurroundings,
): readonly World[] {
  if (call.call === 'DEL') return [world, deleted(world, call)]
  const anyStanding = (worlds: readonly World[]) =>
    worlds.flatMap((one) => [
      { ...one, isStanding: true, isUnhooked: false },
      { ...one, isStanding: true, isUnhooked: true },
      { ...one, isStanding: false, isUnhooked: false },
    ])
  if (call.call === 'sync') {
    const after = [world, ...synced(world, world.cache, around)]
    if (!call.prune) return anyStanding(after)
    return anyStanding([
      ...after,
      ...after.flatMap((one) => synced(pruned(one, around), world.cache, around)),
    ])
  }
  if (isRefused(world, call, around)) return [world]
  const keys = around.conf[call.network] ?? {}
  const contested = call.ips.map(({ address }) => address).filter((address) => address in world.rules)
  const parts = subsets(contested).map((some) => ({ ...world, rules: without(world.rules, some) }))
  const wholes = added(world, call, keys, around, 0).flatMap((one) => [
    ...restoredBy(one, call, keys, { around, number: 0, isTold: true }),
    { ...one, pending: without(one.pending, ['0']) },
  ])
  return distinct(anyStanding([...parts, ...wholes]))
}
