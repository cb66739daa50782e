import { type Address, isSameAddress } from '../../policy/address'
import type { Applied, Wanted } from '../backend'
import type { Carrier, Failed, Outcome } from './carrier'
import { ATTEMPTS, toError } from './failure'
import { deleteAddress, deleteOwner, deletePod, policyName } from './layout'
import { outdatedChains } from './outdated'
import { ownerTest, ownerValue } from './owner'
import { setUpPolicy, setUpTable } from './set-up'
import { exists, readTable, type TableState } from './table-state'
import type { Transaction } from './transaction'

const ACTION = 'install the rules'

interface Refused {
  readonly elements: Transaction
  readonly refusal: Failed
}

/**
 * ADD, when its elements were refused: something is missing (the first pod of a policy, or somebody flushed the ruleset)
 * or clashes (a stale owner of the address, or our own older policy). nft does not say which thing, so the table is read, and one
 * transaction sets up everything, clears the way and adds the elements. It does no harm beside others of its kind.
 */
export function applyWithSetUp(carrier: Carrier, wanted: Wanted, { elements, refusal }: Refused): Applied {
  let outcome: Outcome<undefined> = refusal
  let tableWasMissing = false
  for (let attempt = 0; attempt < ATTEMPTS && !outcome.ok; attempt++) {
    if (outcome.failure !== 'clash' && outcome.failure !== 'missing') break
    const state = readTable(carrier, ACTION)
    tableWasMissing ||= !exists(state)
    outcome = carrier.run([
      ...setUpTable(outdatedChains(state.table)),
      ...setUpPolicy(wanted.policy),
      ...clearWay(state, wanted),
      ...elements,
    ])
  }
  if (!outcome.ok) throw toError(carrier, ACTION, outcome)
  return { tableWasMissing }
}

/**
 * Deletes what stands in the way of `addAttachment`: a stale owner (IPAM gave us the address, so its pod is gone),
 * another policy's element, and addresses that this attachment held before and has no more (as far as we get here: an
 * ADD without DEL whose addresses are all others clashes with nothing).
 */
function clearWay(state: TableState, wanted: Wanted): Transaction {
  const { attachment, addresses, policy } = wanted
  const [owner, chain] = [ownerValue(attachment, addresses), policyName(policy)]
  const isOwn = ownerTest(attachment)
  const isWanted = (address: Address) => addresses.some((own) => isSameAddress(own, address))
  return state.addresses.flatMap((found): Transaction => {
    if (isWanted(found.address)) {
      return [
        ...(found.owner && found.owner.value !== owner.value ? deleteOwner(found.address, found.owner) : []),
        ...(found.goto !== undefined && found.goto !== chain ? [deletePod(found.address)] : []),
      ]
    }
    return found.owner && isOwn(found.owner)
      ? deleteAddress(found.address, found.owner, found.goto !== undefined)
      : []
  })
}
