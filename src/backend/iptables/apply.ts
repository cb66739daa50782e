import { type Address, FAMILY_NAMES, type Family } from '../../policy/address'
import type { Applied, Wanted } from '../backend'
import { attachmentId } from '../identity'
import { takenError } from '../taken'
import { heldByOthers, type IsGone } from './holders'
import { isHooked, setUpTable } from './hook'
import { type Addition, addAttachment, deleteAttachment, ofFamily, setUpPolicy } from './layout'
import { refusalError } from './refusal'
import { rewriteAttachment } from './rewrite'
import { findAddress, readState, readStateIfAny, type State } from './state'
import { indexState } from './state-index'
import { ATTEMPTS, type Iptables, type Outcome, runTransaction, toError } from './tool'
import { arePoliciesAccepted, hasComments } from './trial'

const ACTION = 'install the rules'

/**
 * ADD, family by family. Nearly always this is one restore that only adds. It is refused when the policy is missing (the
 * first pod, or a flush), when somebody holds an address, when the attachment already has rules, or where the comment
 * match is missing. Then the table is read, and one restore clears the way and adds.
 */
export function apply(iptables: Iptables, wanted: Wanted, adding: Adding): Promise<Applied> {
  return applyFamilies(iptables, wanted, { ...adding, families: FAMILY_NAMES, done: [] })
}

export interface Adding {
  readonly epochSeconds: number
  readonly bootSeconds: number
  readonly isGone: IsGone
}

interface Scope extends Adding {
  readonly families: readonly Family[]
  /** Families whose rules this ADD has installed before. */
  readonly done: readonly Family[]
}

async function applyFamilies(iptables: Iptables, wanted: Wanted, scope: Scope): Promise<Applied> {
  const { families, isGone } = scope
  const readOthers = (than: Family) =>
    families
      .filter((one) => one !== than && ofFamily(one, wanted.addresses).length > 0)
      .map((one) => readStateIfAny(iptables, one, ACTION))
  const done = [...scope.done]
  let tableWasMissing = false
  for (const family of families) {
    if (ofFamily(family, wanted.addresses).length === 0) continue
    const additionWith = (withComments: boolean) =>
      additionOf(wanted, family, { ...scope, hasComments: withComments })
    let outcome = runTransaction(iptables, family, addAttachment(additionWith(true)))
    if (isRefused(outcome)) {
      const withComments = hasComments(iptables, family)
      if (!withComments) outcome = runTransaction(iptables, family, addAttachment(additionWith(false)))
      for (let attempt = 0; attempt < ATTEMPTS && isRefused(outcome); attempt++) {
        const state = readState(iptables, family, ACTION)
        const isLast = families.at(-1) === family
        // The addresses that the first family takes over would be lost if the other family refuses.
        const states = isLast || !takesAway(state, wanted) ? [state] : [state, ...readOthers(family)]
        for (const { address, holder } of states.flatMap((one) => heldByOthers(one, wanted))) {
          if (await isGone(holder)) continue
          undo(iptables, wanted, done)
          throw takenError(address, wanted.attachment, holder)
        }
        tableWasMissing ||= !isHooked(state)
        const table = setUpTable(state)
        outcome = runTransaction(iptables, family, [
          ...table.transaction,
          ...setUpPolicy(wanted.policy, family),
          ...rewriteAttachment(indexState(table.state), additionWith(withComments)),
        ])
        if (isRefused(outcome) && !arePoliciesAccepted(iptables, family, [wanted.policy])) break
      }
    }
    if (!outcome.ok) {
      undo(iptables, wanted, done)
      throw refusalError(iptables, family, { action: ACTION, wanted: [wanted], outcome })
    }
    done.push(family)
  }
  return { tableWasMissing }
}

/** Whether these rules replace others: those of another attachment, or of an earlier ADD of the same one. */
function takesAway(state: State, { attachment, addresses }: Wanted): boolean {
  const id = attachmentId(attachment)
  const isTaken = (address: Address) => (findAddress(state, address)?.owners.length ?? 0) > 0
  return state.owners.some((owner) => owner.id === id) || addresses.some(isTaken)
}

/** Removes the other family's rules again, as far as possible, because an ADD that fails must change nothing. */
function undo(iptables: Iptables, { attachment, addresses }: Wanted, families: readonly Family[]): void {
  for (const family of families) {
    const own = ofFamily(family, addresses)
    runTransaction(
      iptables,
      family,
      deleteAttachment(family, { id: attachmentId(attachment), addresses: own, all: addresses }),
    )
  }
}

function isRefused(outcome: Outcome): boolean {
  return !outcome.ok && outcome.failure === 'refused'
}

/**
 * An ADD that only adds, for a policy that exists already. Undefined where the first family refuses it; then nothing was
 * changed.
 */
export async function applyWherePolicyIs(
  iptables: Iptables,
  wanted: Wanted,
  adding: Adding,
): Promise<Applied | undefined> {
  const [first, ...others] = FAMILY_NAMES.filter((family) => ofFamily(family, wanted.addresses).length > 0)
  if (!first) return { tableWasMissing: false }
  const addition = additionOf(wanted, first, { ...adding, hasComments: true })
  const outcome = runTransaction(iptables, first, addAttachment(addition))
  if (!outcome.ok && (outcome.failure === 'locked' || outcome.failure === 'unknown'))
    throw toError(ACTION, outcome)
  if (!outcome.ok) return undefined
  return applyFamilies(iptables, wanted, { ...adding, families: others, done: [first] })
}

interface Writing extends Adding {
  readonly hasComments: boolean
}

function additionOf(wanted: Wanted, family: Family, writing: Writing): Addition {
  const { attachment, policy, netns, origin = 'added' } = wanted
  const { epochSeconds, bootSeconds, hasComments } = writing
  return {
    family,
    attachment,
    policy,
    addresses: ofFamily(family, wanted.addresses),
    all: wanted.addresses,
    birth: { epochSeconds, bootSeconds, origin, ...(netns !== undefined && { netns }) },
    hasComments,
  }
}
