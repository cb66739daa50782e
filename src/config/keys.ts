import { BACKEND_SETTINGS, CARRIER_SETTINGS } from '../backend/backend'
import type { InterfacePattern } from '../policy/interface'
import type { PortRange } from '../policy/ports'
import type { Prefix } from '../policy/prefix'
import type { Prefixes } from '../policy/prefixes'
import type { Range } from '../policy/range'
import type { NamespacePattern } from './namespaces'
import type { ListRow } from './values'
import type { OutboundNat } from './windows-policies'

const ON = { kind: 'flag', default: true } as const
const OFF = { kind: 'flag', default: false } as const

/**
 * Every key that an operator may write, one row each: the kind of its value, and what counts if it is left out (no
 * `default`: nothing). The rows give the type `Config`, what `plain.ts` reads, the schema, the JSON Schema and the advice
 * for a typo. Every call makes this table, so it is plain data that loads nothing, and rows with equal flags are one
 * object.
 */
export const KEYS = {
  nonMasqueradeCIDRs: { kind: 'longCidrs', end: '[] to exempt none, or leave the key out for the default' },
  nonMasqueradeDefaults: { kind: 'choice', choices: ['private', 'reserved'], default: 'private' },
  masqueradeCIDRs: { kind: 'cidrs', default: [] },
  masqLinkLocal: OFF,
  masqLinkLocalIPv6: OFF,
  ipv4: ON,
  ipv6: ON,
  randomFully: ON,
  toPorts: { kind: 'ports', default: [] },
  snatTo: { kind: 'sources', isPlain: false, default: {} },
  outInterfaces: { kind: 'interfaces', isNeverEmpty: true, default: [] },
  pinExemptions: OFF,
  repairOnCheck: ON,
  policies: { kind: 'policies', isPlain: false, default: [] },
  configFiles: { kind: 'paths', default: [] },
  flannelSubnetFile: { kind: 'flannelFile', default: false },
  onlyNamespaces: { kind: 'namespaces', isNeverEmpty: true },
  exceptNamespaces: { kind: 'namespaces', default: [] },
  onlyPodCIDRs: { kind: 'cidrs', isNeverEmpty: true },
  exceptPodCIDRs: { kind: 'cidrs', default: [] },
  podLists: { kind: 'choice', choices: ['runtimeConfig', 'args', 'both', 'none'], default: 'runtimeConfig' },
  backend: { kind: 'choice', choices: BACKEND_SETTINGS, default: 'auto' },
  ipMasqBackend: { kind: 'choice', choices: BACKEND_SETTINGS },
  carrier: { kind: 'choice', choices: CARRIER_SETTINGS, default: 'auto' },
  logFile: { kind: 'logFile' },
} as const satisfies Readonly<Record<string, Row>>

/** The kinds of values: the type of each, and what else a row has for it. */
interface Kinds {
  flag: Valued<boolean>
  choice: Valued<string> & { readonly choices: readonly string[] }
  cidrs: List<Prefix>
  /** CIDRs of which there may be thousands. */
  longCidrs: Valued<Prefixes> & ListRow
  interfaces: List<InterfacePattern>
  namespaces: List<NamespacePattern>
  ports: Valued<readonly PortRange[]>
  paths: Valued<readonly string[]>
  flannelFile: Valued<boolean | string>
  logFile: Valued<string>
  sources: Rare<{ readonly ipv4?: Range | undefined; readonly ipv6?: Range | undefined }>
  policies: Rare<readonly (OutboundNat | undefined)[]>
}

interface Valued<T> {
  readonly default?: T
  readonly isPlain?: true
}

type List<T> = Valued<readonly T[]> & ListRow

/** A kind that is too rare, and not plain enough, for `plain.ts`: only the schema reads it. */
interface Rare<T> {
  readonly default?: T
  readonly isPlain: false
}

export type Kind = keyof Kinds
export type Row<K extends Kind = Kind> = { [P in K]: Kinds[P] & { readonly kind: P } }[K]
export type ValueOf<K extends Kind> = NonNullable<Kinds[K]['default']>

type Keys = typeof KEYS
export type Key = keyof Keys
export type ChoiceKey = { [K in Key]: Keys[K]['kind'] extends 'choice' ? K : never }[Key]

type Written<K extends Key> = Keys[K] extends { readonly choices: readonly (infer C)[] }
  ? C
  : ValueOf<Keys[K]['kind']>
type DefaultedKey = { [K in Key]: Keys[K] extends { readonly default: unknown } ? K : never }[Key]

/** The keys that an operator may write. */
export type OwnConfig = { readonly [K in DefaultedKey]: Written<K> } & {
  readonly [K in Exclude<Key, DefaultedKey>]?: Written<K>
}

/**
 * Our part of a plugin's config. `podCIDRs` is the pod's own list, which replaces the configured one. `ignoredPodLists`
 * are the places of such lists that the operator does not allow.
 */
export type Config = OwnConfig & {
  readonly podCIDRs?: readonly Prefix[]
  readonly ignoredPodLists?: readonly string[]
}
