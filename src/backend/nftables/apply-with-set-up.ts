import { CniError } from '../../cni/error'
import { type Address, isSameAddress } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import type { Applied, Listed, Wanted } from '../backend'
import { attachmentDigest } from '../identity'
import type { Note } from './attachment-elements'
import type { Carrier, Failed, Outcome } from './carrier'
import { isWhole, wrongSets } from './compare-structure'
import { ATTEMPTS, toError } from './failure'
import { fillSlots } from './fill-slots'
import { deleteAddress, deleteOwner, deletePod, POD_MAPS, policyOf, requireNoOwner } from './layout'
import { outdatedChains, wrongMaps } from './outdated'
import { digestOfOwner, ownerValue } from './owner'
import { policyName } from './policy-name'
import { type AttachmentState, readAttachment } from './read-attachment'
import { renderVerdict } from './render'
import { setUpPolicy, setUpTable } from './set-up'
import { deleteSlotsThatSay } from './slots'
import type { AddressState } from './table-state'
import { leaveSlots, requireFree } from './take-over'
import type { Transaction } from './transaction'

const ACTION = 'install the rules'

export interface ApplyOptions {
  readonly note: Note
  /** Proves that the holder of an address is gone. Absent: nobody can prove it. */
  readonly isGone?: (holder: Listed) => Promise<boolean>
}

interface Refused extends ApplyOptions {
  readonly elements: Transaction
  readonly refusal: Failed
}

/**
 * ADD, after its elements were refused. Something is missing (the first pod of a policy, or a flushed ruleset) or clashes
 * (a stale owner of the address, our own older policy, a tombstone). The kernel does not say which, so everything that
 * exists for the attachment is looked up. Then one transaction sets up what is missing, clears the way and adds the
 * elements. Several of these may run in parallel.
 *
 * A complete table is not set up again. If somebody flushes the ruleset after the look, the kernel refuses the
 * transaction, and the next look finds the table gone. A new table that nobody noticed would leave all other pods without
 * rules.
 */
export async function applyWithSetUp(carrier: Carrier, wanted: Wanted, options: Refused): Promise<Applied> {
  let outcome: Outcome<undefined> = options.refusal
  let tableWasMissing = false
  let wrong: readonly string[] = []
  const warnings = new Set<string>()
  for (let attempt = 0; attempt < ATTEMPTS && !outcome.ok; attempt++) {
    const mayHelp = outcome.failure === 'clash' || outcome.failure === 'missing'
    // A map of another type refuses elements, with many different messages.
    if (!mayHelp && outcome.failure !== 'refused') break
    const { attachment, addresses } = wanted
    const state = readAttachment(carrier, { action: ACTION, attachment, addresses })
    wrong = wrongMaps(state.table)
    const sets = wrongSets(state.table, wanted.policy, policyName(wanted.policy))
    if (!mayHelp && wrong.length + sets.length === 0) break
    const mustSetUp = !isWhole(state.table)
    tableWasMissing ||= mustSetUp
    for (const line of warningsOf(state, wanted, wrong)) warnings.add(line)
    for (const { name } of sets) warnings.add(`replaced set ${name}, which had the wrong type`)
    const taken = state.addresses.filter((found) => isHeld(found, wanted))
    for (const held of taken) await requireFree(carrier, attachment, { held, ...options })
    outcome = carrier.run([
      ...(mustSetUp ? setUp(state, wanted, wrong) : []),
      ...setUpPolicy(wanted.policy, sets),
      ...clearWay(state, wanted),
      ...leaveSlots(carrier, taken),
      ...options.elements,
    ])
  }
  if (!outcome.ok) throw wrong.length > 0 ? inTheWay(wrong, outcome) : toError(carrier, ACTION, outcome)
  return { tableWasMissing, ...(warnings.size > 0 && { warnings: [...warnings] }) }
}

/** Sets the table up. If it is of an older layout without slots, all other attachments get theirs. */
function setUp({ table, all }: AttachmentState, wanted: Wanted, wrong: readonly string[]): Transaction {
  const own = attachmentDigest(wanted.attachment)
  const known = new Set(all?.slots.map(({ digest }) => digest))
  const left = all?.addresses.filter((found) => !isHeld(found, wanted)) ?? []
  return setUpTable({
    older: outdatedChains(table),
    wrong,
    isIncomplete: all?.mayLack ?? false,
    slots: fillSlots({ addresses: left }, (digest) => digest !== own && !known.has(digest)),
  })
}

function isWanted({ addresses }: Wanted, address: Address): boolean {
  return addresses.some((own) => isSameAddress(own, address))
}

function isOwn({ owner }: AddressState, { attachment }: Wanted): boolean {
  return owner !== undefined && digestOfOwner(owner) === attachmentDigest(attachment)
}

function isHeld(found: AddressState, wanted: Wanted): boolean {
  return found.owner !== undefined && isWanted(wanted, found.address) && !isOwn(found, wanted)
}

/**
 * Deletes what is in the way of the elements: a stale owner, the element of `pods-ip` (see `addPod`), addresses that this
 * attachment had before and has no more, and its slots, including a tombstone.
 */
function clearWay({ addresses, slots }: AttachmentState, wanted: Wanted): Transaction {
  const owner = ownerValue(attachmentDigest(wanted.attachment), wanted.addresses)
  return [
    ...addresses.flatMap((found): Transaction => {
      if (!isWanted(wanted, found.address)) {
        // This address comes from a slot that outlived it. A sync may give the address back before the slot is deleted.
        if (!found.owner) return requireNoOwner(found.address)
        return isOwn(found, wanted)
          ? deleteAddress(found.address, found.owner, found.verdict !== undefined)
          : []
      }
      return [
        ...(found.owner && found.owner !== owner ? deleteOwner(found.address, found.owner) : []),
        ...(found.verdict !== undefined ? [deletePod(found.address)] : []),
      ]
    }),
    ...deleteSlotsThatSay(attachmentDigest(wanted.attachment), slots.all),
  ]
}

function warningsOf({ addresses }: AttachmentState, wanted: Wanted, wrong: readonly string[]): string[] {
  const chain = policyName(wanted.policy)
  const foreign = addresses.flatMap((found) => {
    const other = policyOf(found.verdict)
    const isOthers = other !== chain && (found.owner === undefined || other === undefined)
    return found.verdict && isOthers && isWanted(wanted, found.address)
      ? [{ address: found.address, text: renderVerdict(found.verdict) }]
      : []
  })
  return [
    ...wrong.map(
      (map) => `replaced map ${map}, which had the wrong type; run ip-masq sync to restore its elements`,
    ),
    ...foreign.map(
      ({ address, text }) =>
        `replaced the element ${formatAddress(address)} : ${text} of map ${POD_MAPS[address.family]}, which no attachment owned`,
    ),
  ]
}

/** The error for a map of ours that has another type and is used by somebody's rules, so that it cannot be replaced. */
function inTheWay(wrong: readonly string[], { said }: Failed): CniError {
  const maps = wrong.map((map) => `map ${map}`).join(', ')
  return new CniError(
    'toolRefused',
    `Cannot ${ACTION}: ${maps} of table inet ip-masq has the wrong type and is in use; delete the rules that use it, or the table`,
    said,
  )
}
