import { toMapped } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import type { Change, Held, Replacement, Wanted } from '../backend'
import { attachmentDigest } from '../identity'
import type { Note } from './attachment-elements'
import type { Carrier } from './carrier'
import { compareHook, foreignHooks } from './compare-structure'
import { type Difference, wordDifference } from './difference'
import { toError } from './failure'
import { addressesByDigest, fillSlots, mendSlots, slotsByDigest } from './fill-slots'
import { POD_MAPS } from './layout'
import { hasLayout, outdatedChains, wrongMaps } from './outdated'
import { planAttachment } from './plan-attachment'
import { planPolicies, type SetUp } from './plan-policies'
import { policyName } from './policy-name'
import { readTable } from './read-table'
import { renderTransaction, renderVerdict } from './render'
import { MAPS, setUpTable } from './set-up'
import { findMap } from './table'
import { type AddressState, CHANGES_TOO_FAST, exists, type TableState } from './table-state'
import type { Transaction } from './transaction'

const ACTION = 'synchronise the rules'

interface Plan {
  readonly setUp: Transaction
  readonly elements: Transaction
  readonly changes: readonly Change[]
  readonly held: readonly Held[]
  readonly repairs: readonly string[]
  readonly unrepaired: readonly string[]
  readonly gone: readonly Wanted['attachment'][]
}

interface ReplaceOptions {
  readonly dryRun: boolean
  readonly now: Note
}

/**
 * Sync: adds or replaces what differs from `wanted`, and no pod is without a rule for a moment. A live owner in the
 * kernel is never replaced, because it knows more than whoever wants other rules. An attachment that has a tombstone is
 * left out, and if a tombstone comes meanwhile, the elements of all others are refused as a whole.
 *
 * Policies come first, and their pods in a transaction of their own. While a transaction comes into force, a packet on
 * its way may find the new element of its pod, but in the chain that the element leads to still the old rules, which are
 * none.
 */
export function replace(carrier: Carrier, wanted: readonly Wanted[], options: ReplaceOptions): Replacement {
  const policies = new Set(wanted.map(({ policy }) => policyName(policy)))
  const state = readTable(carrier, ACTION, [...policies])
  const { setUp, elements, ...plan } = planReplacement(state, wanted, options.now)
  const script = renderTransaction([...setUp, ...elements])
  if (options.dryRun) return { ...plan, script }
  for (const transaction of [setUp, elements].filter(({ length }) => length > 0)) {
    const outcome = carrier.run(transaction)
    if (!outcome.ok) throw toError(carrier, ACTION, outcome)
  }
  return { ...plan, script }
}

function planReplacement(state: TableState, wanted: readonly Wanted[], now: Note): Plan {
  const tombs = new Set<string>()
  for (const { digest, slot, address } of state.slots) if (slot === 0 && !address) tombs.add(digest)
  const digests = new Map<Wanted, string>()
  for (const one of wanted) digests.set(one, attachmentDigest(one.attachment))
  const digestOf = (one: Wanted) => digests.get(one) ?? ''
  const isGone = (one: Wanted) => tombs.has(digestOf(one))
  const used = wanted.filter((one) => one.addresses.length > 0 && !isGone(one))
  const byAddress = new Map<bigint, AddressState>()
  for (const found of state.addresses) byAddress.set(toMapped(found.address), found)
  const [ownedBy, slotsOf] = [addressesByDigest(state), slotsByDigest(state.slots)]
  const attachments = used.map((one) => {
    const digest = digestOf(one)
    const [owned, slots] = [ownedBy.get(digest) ?? [], slotsOf.get(digest) ?? []]
    return planAttachment({ digest, byAddress, owned, slots }, one, { chain: policyName(one.policy), now })
  })
  const planned = new Set(attachments.flatMap(({ digest, change }) => (change ? [digest] : [])))
  const isFree = (digest: string) => !planned.has(digest)
  const table = used.length > 0 || exists(state) ? planTable(state, isFree) : { transaction: [], repairs: [] }
  // A fallback's policy is set up only where a pod has it, or is about to get it.
  const policies = planPolicies(
    state,
    used.filter(({ isFallback }, i) => !isFallback || attachments[i]?.change),
  )
  const slots = planSlots(state, isFree)
  return {
    setUp: [...table.transaction, ...policies.transaction],
    // Operations that require an address without an owner come before those that give it one.
    elements: [
      ...slots.transaction,
      ...attachments.flatMap(({ guards }) => guards),
      ...attachments.flatMap(({ transaction }) => transaction),
    ],
    changes: attachments.flatMap(({ change }) => (change ? [change] : [])),
    held: attachments.flatMap(({ held }) => held),
    repairs: [...table.repairs, ...policies.repairs, ...slots.repairs],
    unrepaired: [...foreignHooks(state.table).map(wordDifference), ...strays(state, used), ...doubts(state)],
    gone: wanted.filter(isGone).map(({ attachment }) => attachment),
  }
}

/**
 * A table that changed too fast to be read. If an element was not seen, the kernel refuses its operation, so nothing is
 * done twice.
 */
function doubts({ mayLack }: TableState): string[] {
  return mayLack ? [`${CHANGES_TOO_FAST}; run ip-masq sync again`] : []
}

/** Elements of `pods-ip` that nobody owns, and that no attachment is about to get. */
function strays({ addresses }: TableState, wanted: readonly Wanted[]): string[] {
  const withoutOwner = addresses.filter(({ owner }) => !owner)
  if (withoutOwner.length === 0) return []
  const known = new Set(wanted.flatMap((one) => one.addresses.map(toMapped)))
  return withoutOwner
    .filter(({ address }) => !known.has(toMapped(address)))
    .map(({ address, verdict }) => {
      const [text, what] = [formatAddress(address), verdict && renderVerdict(verdict)]
      const map = POD_MAPS[address.family]
      return `map ${map}: ${text} : ${what} belongs to no attachment; remove it with "nft delete element inet ip-masq ${map} { ${text} }"`
    })
}

/**
 * Sets the table, maps and base chain up, but only if they differ: declaring them again makes every nft run of the node
 * wait.
 */
function planTable(state: TableState, isFree: (digest: string) => boolean): SetUp {
  const { table } = state
  const wrong = wrongMaps(table)
  const isOlder = exists(state) && !hasLayout(table)
  const missing = isOlder ? [] : MAPS.filter(({ name }) => !findMap(table, name))
  const differences: Difference[] = exists(state)
    ? [
        ...missing.map(({ name }) => ({ is: 'missing', kind: 'map', name }) as const),
        ...wrong.map((name) => ({ is: 'another-type', kind: 'map', name }) as const),
        ...compareHook(table),
      ]
    : [{ is: 'no-table' }]
  const repairs = differences.map(wordDifference)
  if (repairs.length === 0 && !isOlder) return { transaction: [], repairs: [] }
  const known = new Set(state.slots.map(({ digest }) => digest))
  const slots = isOlder ? fillSlots(state, (digest) => isFree(digest) && !known.has(digest)) : []
  const isIncomplete = state.mayLack ?? false
  return {
    transaction: setUpTable({ older: outdatedChains(table), wrong, slots, isIncomplete }),
    repairs: isOlder ? [...repairs, 'table inet ip-masq: older layout'] : repairs,
  }
}

/** Repairs other attachments' slots that an older version, or somebody, left wrong. */
function planSlots(state: TableState, isFree: (digest: string) => boolean): SetUp {
  if (state.mayLack || !hasLayout(state.table)) return { transaction: [], repairs: [] }
  const { transaction, mended, stale } = mendSlots(state, isFree)
  const attachments = (count: number) => (count === 1 ? '1 attachment' : `${count} attachments`)
  return {
    transaction,
    repairs: [
      ...(mended > 0 ? [`map attachments: missing addresses of ${attachments(mended)}`] : []),
      ...(stale > 0 ? [`map attachments: unexpected elements of ${attachments(stale)} without rules`] : []),
    ],
  }
}
