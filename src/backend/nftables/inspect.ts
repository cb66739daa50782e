import { type Address, FAMILY_NAMES } from '../../policy/address'
import type { Inspection, LiveAttachment, LivePlace, LivePolicy, LiveRule, LiveStray } from '../inspection'
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
  const rules = new Map<Address, LiveRule>()
  const strays: LiveStray[] = []
  for (const one of addresses) {
    const rule = ruleOf(one)
    rules.set(one.address, rule)
    if (!one.owner) strays.push({ ...rule, place: PLACE })
  }
  const attachments: LiveAttachment[] = []
  for (const one of listAttachments({ ...state, addresses }).values()) {
    const { id, addresses: own, note } = one
    attachments.push({ id, addresses: own, note, place: PLACE, rules: rulesOf(own, rules) })
  }
  return {
    places: [placeOf(table)],
    attachments,
    strays,
    policies: [...readPolicies(table)].map(([name, one]): LivePolicy => {
      return { ...one, name, place: PLACE, families: FAMILY_NAMES }
    }),
    unseen: state.mayLack || !isSure ? [`${CHANGES_TOO_FAST}; some of its rules may be missing here`] : [],
  }
}

function rulesOf(addresses: readonly Address[], rules: ReadonlyMap<Address, LiveRule>): LiveRule[] {
  const own: LiveRule[] = []
  for (let i = 0; i < addresses.length; i++) {
    const address = addresses[i]
    const rule = address && rules.get(address)
    if (rule) own.push(rule)
  }
  return own
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
  const targets = new Set<string>()
  for (const { verdict } of addresses) {
    const target = policyOf(verdict)
    if (target !== undefined) targets.add(target)
  }
  const isWhole = (one: Table, policies: ReadonlyMap<string, ReadPolicy>) =>
    placeOf(one).differences.length === 0 &&
    [...targets].every((name) => policies.has(name)) &&
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
  return { address, policy, foreign: verdict && policy === undefined ? [renderVerdict(verdict)] : NOTHING }
}

/** Nearly all rules have the same empty list. */
const NOTHING: readonly string[] = []

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
