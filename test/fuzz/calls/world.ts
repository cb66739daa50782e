import type { Ip, Keys, Pod } from './operations'
import { keyOf } from './operations'
import type { PolicyText } from './policy-oracle'

/**
 * The oracle's idea of a node. Where the rules leave more than one outcome open (the order of parallel calls, a call
 * that was killed), a lane has several possible worlds, and each look at the kernel leaves those that agree with it.
 */
export interface World {
  /** The table or the chains are there. */
  readonly isStanding: boolean
  /** They are, but packets do not come to them: the base chain or the jump is gone. */
  readonly isUnhooked: boolean
  /** By address. */
  readonly rules: Readonly<Record<string, Rule>>
  /** Attachments whose DEL came. `perhaps`: the node may or may not remember it. */
  readonly tombs: Readonly<Record<string, 'sure' | 'perhaps'>>
  readonly cache: Readonly<Record<string, Entry>>
  /** What the calls of a group have read and not yet used, by the call's number. */
  readonly pending: Readonly<Record<number, Pending>>
}

export interface Rule {
  /** `keyOf` the attachment. */
  readonly pod: string
  readonly network: string
  readonly policy: PolicyText
}

/** A file of libcni's result cache. */
export interface Entry {
  readonly pod: Pod
  readonly network: string
  readonly ips: readonly Ip[]
  /** Files are written one after the other, and the newer one counts. */
  readonly order: number
  readonly isReadable: boolean
}

export interface Pending {
  readonly cache?: World['cache']
  /** The call found no table, and restores others. */
  readonly restores?: boolean
}

/** What only the fuzzer changes, between calls. */
export interface Surroundings {
  readonly conf: Readonly<Record<string, Keys>>
  /** Containers whose network namespace exists. */
  readonly alive: ReadonlySet<string>
}

/** The same, as a lane sees it. */
export interface LaneSurroundings extends Surroundings {
  /** In which parts the lane's firewall has its rules, and loses them. */
  readonly families: readonly (readonly number[])[]
  /** The table, or that of a family, may be missing where the world has one: for an ADD that looked a moment before. */
  readonly mayMiss: boolean
}

export const EMPTY_WORLD: World = {
  isStanding: false,
  isUnhooked: false,
  rules: {},
  tombs: {},
  cache: {},
  pending: {},
}

export function addressesOf(world: World, pod: Pod | string): string[] {
  const key = typeof pod === 'string' ? pod : keyOf(pod)
  return Object.keys(world.rules).filter((address) => world.rules[address]?.pod === key)
}

export function containerOf(key: string): string {
  return key.split(' ')[0] ?? ''
}

export function without<T>(record: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)))
}

/** Equal worlds have equal texts. */
export function worldText(world: World): string {
  const sorted = (record: object) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
  const { isStanding, isUnhooked, rules, tombs, cache, pending } = world
  return JSON.stringify([
    isStanding,
    isUnhooked,
    sorted(rules),
    sorted(tombs),
    sorted(cache),
    sorted(pending),
  ])
}

export function distinct(worlds: readonly World[]): World[] {
  return [...new Map(worlds.map((world) => [worldText(world), world])).values()]
}
