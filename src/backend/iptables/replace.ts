import { type Address, FAMILY_NAMES, type Family } from '../../policy/address'
import { addressesInSync } from '../addresses-in-sync'
import { type Change, type Held, LATER_ADD, type ListedNote, type Replacement, type Wanted } from '../backend'
import { holderName } from '../holder-name'
import { attachmentId } from '../identity'
import { compareHook, isJumpDoubled, setUpTable } from './hook'
import { type Birth, DISPATCH, HOOK, ofFamily, setUpPolicy } from './layout'
import type { OwnerRecord } from './owner-record'
import { policyChainName } from './policy-chains'
import { refusalError } from './refusal'
import { renderTransaction } from './render'
import { rewriteAttachment } from './rewrite'
import { type AddressState, readState, readStateIfAny, type State } from './state'
import { indexState, type StateIndex } from './state-index'
import { ATTEMPTS, type Iptables, runTransaction, TOOLS } from './tool'
import type { Transaction } from './transaction'
import { hasComments } from './trial'
import { compareAddress, compareOwner, comparePolicy, inFamily } from './verify'

const ACTION = 'synchronise the rules'

interface Plan {
  readonly transaction: Transaction
  readonly changes: readonly Change[]
  readonly held: readonly Held[]
  readonly repairs: readonly string[]
}

/**
 * Sync, in one restore for each family: rules that differ from `wanted` are removed and added again in the same commit. A
 * live owner in the kernel is never replaced.
 */
export function replace(
  iptables: Iptables,
  wanted: readonly Wanted[],
  options: { readonly dryRun: boolean; readonly times: Times },
): Replacement {
  const plans = FAMILY_NAMES.map((family) => ({
    ...replaceFamily(iptables, family, { wanted, ...options }),
    tool: `${TOOLS[family]}${iptables.variant}-restore`,
  }))
  return {
    changes: mergeChanges(plans.flatMap(({ changes }) => changes)),
    held: plans.flatMap(({ held }) => held),
    repairs: plans.flatMap(({ repairs }) => repairs),
    unrepaired: [],
    script: plans
      .map(({ tool, transaction }) =>
        transaction.length > 0 ? `# ${tool} --noflush\n${renderTransaction(transaction)}` : '',
      )
      .join(''),
  }
}

export interface Times {
  readonly epochSeconds: number
  readonly bootSeconds: number
}

interface Work {
  readonly wanted: readonly Wanted[]
  readonly dryRun: boolean
  readonly times: Times
}

function replaceFamily(iptables: Iptables, family: Family, work: Work): Plan {
  let withComments: boolean | undefined
  for (let attempt = 1; ; attempt++) {
    const isWanted = work.wanted.some(({ addresses }) => ofFamily(family, addresses).length > 0)
    const state = (isWanted ? readState : readStateIfAny)(iptables, family, ACTION)
    const plan = planFamily(state, family, { ...work, hasComments: withComments ?? true })
    if (work.dryRun || plan.transaction.length === 0) return plan
    const outcome = runTransaction(iptables, family, plan.transaction)
    if (outcome.ok) return plan
    if (outcome.failure !== 'refused' || attempt === ATTEMPTS)
      throw refusalError(iptables, family, { action: ACTION, wanted: work.wanted, outcome })
    withComments ??= hasComments(iptables, family)
  }
}

function planFamily(
  state: State,
  family: Family,
  { wanted, times, hasComments }: Work & { readonly hasComments: boolean },
): Plan {
  const used = wanted.filter(({ addresses }) => ofFamily(family, addresses).length > 0)
  const exists = state.chains.has(DISPATCH)
  if (used.length === 0 && !exists) return { transaction: [], changes: [], held: [], repairs: [] }
  const hook = exists ? compareSkeleton(state) : [`chain ${DISPATCH}: missing`]
  const table = setUpTable(state)
  const index = indexState(table.state)
  const attachments = used.map((one) => planAttachment(index, family, { one, times, hasComments }))
  const policies = new Map(
    used
      .filter(({ isFallback }, i) => !isFallback || attachments[i]?.change)
      .map(({ policy }) => [policyChainName(policy, family), policy]),
  )
  const drifted = [...policies].map(([name, policy]) => ({
    name,
    policy,
    lines: comparePolicy(state, policy, family),
  }))
  const policiesOfPods = new Set(state.addresses.map(({ policy }) => policy))
  return {
    transaction: [
      ...table.transaction,
      ...drifted.flatMap(({ policy, lines }) => (lines.length > 0 ? setUpPolicy(policy, family) : [])),
      ...attachments.flatMap(({ transaction }) => transaction),
    ],
    changes: attachments.flatMap(({ change }) => (change ? [change] : [])),
    held: attachments.flatMap(({ held }) => held),
    repairs: [...hook, ...drifted.flatMap(({ name, lines }) => (policiesOfPods.has(name) ? lines : []))].map(
      inFamily(family),
    ),
  }
}

function compareSkeleton(state: State): string[] {
  const all = state.addresses.map(({ address }) => address)
  return [
    ...compareHook(state, all),
    ...(isJumpDoubled(state) ? [`chain ${HOOK}: repeated rule "-j ${DISPATCH}"`] : []),
  ]
}

function planAttachment(
  index: StateIndex,
  family: Family,
  { one, times, hasComments }: { readonly one: Wanted; readonly times: Times; readonly hasComments: boolean },
) {
  const { attachment, policy, isFallback = false } = one
  const id = attachmentId(attachment)
  const known = index.owner(id)
  const inSync = addressesInSync(one, known?.addresses ?? [])
  const all = ofFamily(family, inSync ?? one.addresses).map((address) => ({
    address,
    found: index.address(address),
  }))
  const isHeld = ({ owners }: AddressState) => owners.length > 0 && !owners.includes(id)
  const held = all.flatMap(({ address, found }): Held[] =>
    found && isHeld(found) ? [{ attachment, address, holder: holderOf(index, found.owners[0]) }] : [],
  )
  // A later ADD wrote the rules that are there.
  if (!inSync) {
    const missing = all.filter(({ found }) => !found?.owners.includes(id) && !(found && isHeld(found)))
    const outdated = missing.map(({ address }): Held => ({ attachment, address, holder: LATER_ADD }))
    return { transaction: [], held: [...held, ...outdated] }
  }
  const own = all.filter(({ found }) => !found || !isHeld(found))
  const stands = (found: AddressState | undefined) =>
    compareAddress(found, one, family).length === 0 ||
    (isFallback && found !== undefined && found.dispatches > 0 && found.policy !== undefined)
  const differing = own.filter(({ found }) => !stands(found))
  const addresses = own.map(({ address }) => address)
  const isOwnerAltered =
    !isFallback && own.length > 0 && compareOwner(index.state, known, { wanted: one, addresses }).length > 0
  if (differing.length === 0 && !isOwnerAltered) return { transaction: [], held }
  const isMoved = ({ found }: { readonly found: AddressState | undefined }) =>
    found?.owners.includes(id) === true && found.dispatches > 0
  const change: Change = {
    attachment,
    what: differing.every(isMoved) ? 'changed' : 'restored',
    addresses: (differing.length > 0 ? differing : own).map(({ address }) => address),
  }
  const birth = birthOf(one, known?.note, times)
  const addition = { family, attachment, addresses, all: one.addresses, policy, birth, hasComments }
  return { transaction: rewriteAttachment(index, addition), change, held }
}

/** Rules that are written again keep their age and origin; rules that are restored are marked as restored. */
function birthOf(
  { origin = 'restored', netns, addedAt }: Wanted,
  note: ListedNote | undefined,
  now: Times,
): Birth {
  const known = note
    ? { epochSeconds: note.epochSeconds, ...pick(note) }
    : { epochSeconds: addedAt ?? now.epochSeconds, bootSeconds: now.bootSeconds, origin }
  return { ...known, ...(netns !== undefined && { netns }) }
}

function pick({ bootSeconds, origin, netns }: ListedNote): OwnerRecord {
  return {
    ...(bootSeconds !== undefined && { bootSeconds }),
    ...(origin !== undefined && { origin }),
    ...(netns !== undefined && { netns }),
  }
}

function holderOf(index: StateIndex, id = ''): string {
  return holderName(index.owner(id)?.note)
}

/** Joins both families' changes of an attachment to one line. */
function mergeChanges(changes: readonly Change[]): Change[] {
  const merged = new Map<string, Change>()
  for (const change of changes) {
    const key = attachmentId(change.attachment)
    const known = merged.get(key)
    const addresses: readonly Address[] = [...(known?.addresses ?? []), ...change.addresses]
    const what = known?.what === 'restored' ? known.what : change.what
    merged.set(key, { ...change, what, addresses })
  }
  return [...merged.values()]
}
