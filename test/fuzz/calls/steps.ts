import type { Call, Keys } from './operations'
import { keyOf } from './operations'
import type { Reply } from './perform'
import { policyText } from './policy-oracle'
import {
  added,
  checked,
  deleted,
  deletedInPart,
  garbageCollected,
  interrupted,
  isRefused,
  lost,
  pruned,
  restoredBy,
  synced,
} from './transitions'
import { distinct, type Entry, type LaneSurroundings, type World, without, worldText } from './world'

/** A part of a call that happens at one moment: the worlds that may come of it. */
type Step = (world: World) => readonly World[]

export interface Answered {
  readonly call: Call
  readonly reply: Reply
}

export interface Circumstances {
  readonly around: LaneSurroundings
  /** Other calls were under way, so that this one may have been told to try again. */
  readonly isCrowded: boolean
}

/** All worlds that the calls, in any order of their steps, may have led to. None: no order explains the replies. */
export function outcomes(
  worlds: readonly World[],
  answered: readonly Answered[],
  circumstances: Omit<Circumstances, 'isCrowded'>,
): World[] {
  const isCrowded = answered.length > 1
  const isMissing =
    answered.some(({ call }) => call.call === 'lose') || worlds.some(({ isStanding }) => !isStanding)
  const mayMiss = circumstances.around.mayMiss || (isCrowded && isMissing)
  const around = { ...circumstances.around, mayMiss }
  const steps = answered.map((one, number) => stepsOf(one, number, { around, isCrowded }))
  const finished: World[] = []
  const seen = new Set<string>()
  const visit = (done: readonly number[], world: World) => {
    const text = `${done.join()} ${worldText(world)}`
    if (seen.has(text)) return
    seen.add(text)
    if (done.every((count, i) => count === steps[i]?.length)) finished.push(world)
    for (const [i, count] of done.entries()) {
      const step = steps[i]?.[count]
      for (const next of step?.(world) ?? []) visit(done.with(i, count + 1), next)
    }
  }
  for (const world of worlds)
    visit(
      steps.map(() => 0),
      world,
    )
  return distinct(finished)
}

function stepsOf({ call, reply }: Answered, number: number, circumstances: Circumstances): readonly Step[] {
  const { around, isCrowded } = circumstances
  const { families } = around
  const isTryAgain = reply.code === 11
  const none: Step = () => []
  const unchanged: Step = (world) => [world]
  switch (call.call) {
    case 'ADD': {
      const keys = around.conf[call.network] ?? {}
      if (isCutShort(reply)) return [(world) => interrupted(world, call, around)]
      if (isTryAgain) return [(world) => (isCrowded || isRefused(world, call, around) ? [world] : [])]
      if (reply.status !== 0) return [none]
      const isTold = /sync/.test(reply.stderr)
      return [
        (world) => added(world, call, keys, around, number),
        (world) => restoredBy(world, call, keys, { around, number, isTold }),
        ...(call.chainFails ? [] : [cached({ ...call, order: reply.cacheOrder, isReadable: true })]),
      ]
    }
    case 'DEL': {
      // It says so when it cannot know; then whatever is left is left to the next DEL.
      const isUnsure = /left rules behind/.test(reply.stderr)
      if (reply.status !== 0) return [none]
      return [
        (world) =>
          distinct([
            deleted(world, call),
            ...(isUnsure ? [world] : []),
            ...(families.length > 1 ? deletedInPart(world, call) : []),
          ]),
        ...(call.chainFails ? [] : [uncached(keyOf(call.pod))]),
      ]
    }
    case 'CHECK':
      return [(world) => afterCheck(world, call, { reply, circumstances, number })]
    case 'GC':
      if (isTryAgain && isCrowded) return [(world) => [world, garbageCollected(world, call, around)]]
      return reply.status === 0 ? [(world) => [garbageCollected(world, call, around)]] : [none]
    case 'sync':
      return syncSteps(call, number, { reply, around })
    case 'gc':
      if (call.dryRun) return [unchanged]
      // Where the cache knows too little it keeps everything, and fails.
      return [(world) => (reply.status === 0 ? [pruned(world, around)] : [world, pruned(world, around)])]
    case 'lose':
      return families.map((some) => (world) => [lost(world, call.what, some)])
    case 'broken':
      return [unchanged]
    default:
      return call satisfies never
  }
}

/** A tool ran into its deadline, as happens on a machine that is busy beyond measure; the runtime sends a DEL then. */
export function isCutShort({ code, stdout, stderr }: Reply): boolean {
  return (code === 11 && /was killed after|xtables lock/.test(stdout)) || /left rules behind/.test(stderr)
}

function cached(entry: Entry): Step {
  const { pod, network, ips, order, isReadable } = entry
  const file = { pod, network, ips, order, isReadable }
  return (world) => [{ ...world, cache: { ...world.cache, [keyOf(pod)]: file } }]
}

function uncached(key: string): Step {
  return (world) => [{ ...world, cache: without(world.cache, [key]) }]
}

interface CheckContext {
  readonly reply: Reply
  readonly circumstances: Circumstances
  readonly number: number
}

function afterCheck(
  world: World,
  call: Extract<Call, { call: 'CHECK' }>,
  { reply, circumstances: { around, isCrowded }, number }: CheckContext,
): readonly World[] {
  if (reply.code === 11) return isCrowded ? [world] : []
  const keys: Keys = around.conf[call.network] ?? {}
  const state = checked(world, call, { keys, families: around.families })
  if (world.isUnhooked && (state === 'fine' || state === 'open')) {
    if (reply.code === 101) return [world]
    return reply.status === 0 ? [{ ...world, isUnhooked: false }] : []
  }
  if (state === 'fine') return reply.status === 0 ? [world] : []
  if (state === 'open') return reply.status === 0 || reply.code === 101 ? [world] : []
  if (state === 'altered' || !call.repairs) return reply.code === 101 ? [world] : []
  // What is missing is repaired, unless its DEL came or somebody else has the address.
  const asAdd = { ...call, call: 'ADD', shape: 'sandbox', version: '1.0.0' } as const
  const free = call.ips.filter(({ address }) => {
    const holder = world.rules[address]
    return holder === undefined || holder.pod === keyOf(call.pod)
  })
  const isHeld = free.length < call.ips.length
  const isDeleted = world.tombs[keyOf(call.pod)] !== undefined
  if (reply.status !== 0) {
    if (!isHeld) return isDeleted ? [world] : []
    // As in a sync, what nobody else has is put in, and the rest is told.
    const rule = { pod: keyOf(call.pod), network: call.network, policy: policyText(keys, call.ips) }
    const own = Object.fromEntries(free.map(({ address }) => [address, rule]))
    return [world, { ...world, isStanding: true, isUnhooked: false, rules: { ...world.rules, ...own } }]
  }
  const repaired = added(world, asAdd, keys, around, number)
  // Whether it brings back the pods beside it when the table is gone is left open.
  return repaired.flatMap((one) =>
    distinct([
      { ...one, pending: without(one.pending, [String(number)]) },
      ...restoredBy(one, call, keys, { around, number, isTold: false }),
    ]),
  )
}

function syncSteps(
  call: Extract<Call, { call: 'sync' }>,
  number: number,
  { reply, around }: { reply: Reply; around: LaneSurroundings },
): readonly Step[] {
  if (call.dryRun) return [(world) => [world]]
  const read: Step = (world) => [
    { ...world, pending: { ...world.pending, [number]: { cache: world.cache } } },
  ]
  const write: Step = (world) => {
    const cache = world.pending[number]?.cache ?? {}
    const done = { ...world, pending: without(world.pending, [String(number)]) }
    const after = synced(done, cache, around)
    // Where it has nothing to put in, it may or may not make or repair a table.
    const standing = after.flatMap((one) =>
      Object.keys(one.rules).length > 0 ? [one] : [one, { ...one, isStanding: true, isUnhooked: false }],
    )
    if (!call.prune) return reply.status === 0 ? standing : [...standing, done]
    const both = standing.flatMap((one) => synced(pruned(one, around), cache, around))
    return reply.status === 0 ? both : [...both, ...standing, done]
  }
  return [read, write]
}
