import { FAMILY_NAMES, toMapped } from '../../policy/address'
import type { Inspection, LivePlace, LivePolicy, LiveRule } from '../inspection'
import type { Carrier } from './carrier'
import { compareHook, foreignHooks } from './compare-structure'
import { wordDifference } from './difference'
import { NOWHERE } from './elsewhere'
import { toError } from './failure'
import { LAYOUT, policyOf } from './layout'
import { listAttachments } from './listed-attachments'
import { wrongMaps } from './outdated'
import { type ReadPolicy, readPolicy } from './read-policy'
import { readTable } from './read-table'
import { renderVerdict } from './render'
import { isSame } from './same'
import { EMPTY_TABLE, policyChainsIn, type Table } from './table'
import { type AddressState, CHANGES_TOO_FAST, exists, type TableState } from './table-state'

export const ACTION = 'read the rules'
export const PLACE = 'nftables'

/** Means all policies, because the names of all their sets begin like this. */
const EVERY_POLICY = ['policy']

/**
 * Returns what the table has, down to each rule. It is marked as incomplete where the table changes too fast to be read
 * whole.
 */
export function inspect(carrier: Carrier): Inspection {
  const state = readTable(carrier, ACTION, EVERY_POLICY)
  const { table, isSure } = settledStructure(carrier, state)
  const addresses = state.addresses.filter(({ address }) => address.value !== NOWHERE.value)
  const rules = new Map(addresses.map((one) => [toMapped(one.address), ruleOf(one)]))
  const listed = listAttachments({ ...state, addresses })
  return {
    places: [placeOf(table)],
    attachments: [...listed.values()].map((one) => ({
      ...one,
      place: PLACE,
      rules: one.addresses.flatMap((address) => rules.get(toMapped(address)) ?? []),
    })),
    strays: addresses.flatMap((one) => (one.owner ? [] : [{ ...ruleOf(one), place: PLACE }])),
    policies: [...readPolicies(table)].map(([name, one]): LivePolicy => {
      return { ...one, name, place: PLACE, families: FAMILY_NAMES }
    }),
    unseen: state.mayLack || !isSure ? [`${CHANGES_TOO_FAST}; some of its rules may be missing here`] : [],
  }
}

/** The most reads; two reads that find the same are believed. */
const MOST_READS = 10

/**
 * The rules of a chain are listed in pieces too, and some are missed when another chain is deleted in between. A policy
 * is named after its rules: if all of them match their names, none was missed. Otherwise the structure is read until two
 * reads agree.
 */
export function settledStructure(
  carrier: Carrier,
  { table, addresses }: Pick<TableState, 'table' | 'addresses'>,
): { readonly table: Table; readonly isSure: boolean } {
  const targets = [...new Set(addresses.flatMap(({ verdict }) => policyOf(verdict) ?? []))]
  const isWhole = (one: Table, policies: ReadonlyMap<string, ReadPolicy>) =>
    placeOf(one).differences.length === 0 &&
    targets.every((name) => policies.has(name)) &&
    [...policies.values()].every(({ isAsNamed }) => isAsNamed)
  let last = table
  if (isWhole(last, readPolicies(last))) return { table: last, isSure: true }
  for (let i = 1; i < MOST_READS; i++) {
    const next = readStructure(carrier)
    if (isSame(next, last)) return { table: next, isSure: true }
    last = next
  }
  return { table: last, isSure: false }
}

export function readStructure(carrier: Carrier): Table {
  const outcome = carrier.readStructure(EVERY_POLICY)
  if (outcome.ok) return outcome.value
  if (outcome.failure === 'missing') return EMPTY_TABLE
  throw toError(carrier, ACTION, outcome)
}

export function readPolicies(table: Table): Map<string, ReadPolicy> {
  return new Map(policyChainsIn(table).map((name) => [name, readPolicy(table, name)]))
}

export function ruleOf({ address, verdict }: AddressState): LiveRule {
  const policy = policyOf(verdict)
  return {
    address,
    ...(policy !== undefined && { policy }),
    foreign: verdict && policy === undefined ? [renderVerdict(verdict)] : [],
  }
}

/** A table that has only tombstones has no rules. */
export function placeOf(table: Table): LivePlace {
  if (!exists({ table })) return { name: PLACE, isSetUp: false, differences: [] }
  const differences = [
    ...wrongMaps(table).map((name) => ({ is: 'another-type', kind: 'map', name }) as const),
    ...compareHook(table),
    ...foreignHooks(table),
  ]
  return {
    name: PLACE,
    isSetUp: true,
    differences: [...layoutsOf(table), ...differences.map(wordDifference)],
  }
}

/** Tables of other releases. The next ADD or sync sets up what an older one lacks. */
function layoutsOf({ chains }: Table): string[] {
  const layouts = chains.flatMap(({ name }) => /^layout-(\d+)$/.exec(name)?.[1] ?? [])
  if (layouts.includes(String(LAYOUT)) && layouts.length === 1) return []
  return [`the table has layout ${layouts.join(' and ') || 1}, and this ip-masq uses layout ${LAYOUT}`]
}
