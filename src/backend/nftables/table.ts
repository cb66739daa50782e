import type { Family } from '../../policy/address'
import type { Range } from '../../policy/range'
import type { Rule } from './transaction'

/**
 * Our table without the elements of its maps, as values. Either carrier reads it, and a set-up makes it. Rules are those
 * of a transaction, so that the two can be compared.
 */
export interface Table {
  /** A dormant table keeps its rules but hooks none of them. */
  readonly isDormant: boolean
  /** Sets and maps. A map is one that has values. */
  readonly sets: readonly FoundSet[]
  readonly chains: readonly Chain[]
}

export interface FoundSet {
  readonly name: string
  readonly type: SetType
  /** The contents of the set, if they were requested. */
  readonly elements: readonly (Range | Foreign)[]
}

export interface SetType {
  readonly key: Family | 'another'
  /** Present for a map. */
  readonly value?: Family | 'verdict' | 'another'
  /** In alphabetical order, after `DEFAULT_TIMEOUT`. */
  readonly flags: readonly string[]
}

/** A mark among the flags of a set whose elements expire unless they say otherwise. None of our sets has it. */
export const DEFAULT_TIMEOUT = 'default timeout'

export interface Chain {
  readonly name: string
  /** The lines in order; those of a base chain begin with its hook and its policy. */
  readonly lines: readonly Line[]
}

export type Line = Rule | Hook | ChainPolicy | Foreign

export interface Hook {
  readonly do: 'hook'
  readonly type: string
  readonly hook: string
  readonly priority: number
}

export interface ChainPolicy {
  readonly do: 'policy'
  readonly verdict: string
}

/** Where an element of `pods-ip` sends packets; nearly always this is the chain of a policy. */
export type Target = { readonly goto: string } | Foreign

/** Something that we could not have written, in the words of whoever read it. */
export interface Foreign {
  readonly do: 'foreign'
  readonly text: string
}

/**
 * Our chain comes before srcnat (100), where kube-proxy, docker and firewalld masquerade: the first NAT rule of a flow
 * decides.
 */
export const HOOK: Hook = { do: 'hook', type: 'nat', hook: 'postrouting', priority: 99 }

export const EMPTY_TABLE: Table = { isDormant: false, sets: [], chains: [] }

export function findMap({ sets }: Table, name: string): FoundSet | undefined {
  return sets.find((one) => one.name === name && one.type.value !== undefined)
}

export function findSet({ sets }: Table, name: string): FoundSet | undefined {
  return sets.find((one) => one.name === name && one.type.value === undefined)
}

export function findChain({ chains }: Table, name: string): Chain | undefined {
  return chains.find((chain) => chain.name === name)
}

/** The chains that pods are sent to, one for each policy. The other chains of a policy have longer names. */
export function policyChainsIn({ chains }: Table): string[] {
  return chains.flatMap(({ name }) => (/^policy-[0-9a-f]{16}$/.test(name) ? [name] : []))
}
