import { type Address, formatAddress } from '../../policy/address'
import type { Policy } from '../../policy/policy'
import type { Change, Replacement, Wanted } from '../backend'
import type { Carrier } from './carrier'
import { toError } from './failure'
import { addOwner, addPod, deletePod, OWNERS, POD_MAPS, policyName } from './layout'
import { hasLayout, outdatedChains } from './outdated'
import { ownerComment, ownerTest, ownerValue } from './owner'
import { parseOwnerComment } from './owner-notes'
import { renderTransaction } from './render'
import { setUpPolicy, setUpTable } from './set-up'
import { type AddressState, exists, readTable, type TableState } from './table-state'
import type { Transaction } from './transaction'
import { compareHook, comparePolicy, foreignHooks } from './verify'

const ACTION = 'synchronise the rules'

type Held = Replacement['held'][number]

interface Plan {
  readonly setUp: Transaction
  readonly elements: Transaction
  readonly changes: readonly Change[]
  readonly held: readonly Held[]
  readonly repairs: readonly string[]
  readonly unrepaired: readonly string[]
}

/**
 * Sync: what differs from `wanted` is added or replaced, and no pod is without a rule for a moment. A live owner in the
 * kernel is never replaced: it knows more than whoever tells us what should be there.
 *
 * Policies first, and their pods in a transaction of their own: a packet that is on its way while a transaction comes into
 * force may find the new element of its pod, and in the chain that this leads to still the rules of before, none.
 */
export function replace(
  carrier: Carrier,
  wanted: readonly Wanted[],
  options: { readonly dryRun: boolean; readonly epochSeconds: number },
): Replacement {
  const policies = wanted.map(({ policy }) => nameOf(policy))
  const state = readTable(carrier, ACTION, { policies })
  const { setUp, elements, ...plan } = planReplacement(state, wanted, options.epochSeconds)
  const script = renderTransaction([...setUp, ...elements])
  if (options.dryRun) return { ...plan, script }
  for (const transaction of [setUp, elements].filter(({ length }) => length > 0)) {
    const outcome = carrier.run(transaction)
    if (!outcome.ok) throw toError(carrier, ACTION, outcome)
  }
  return { ...plan, script }
}

function planReplacement(state: TableState, wanted: readonly Wanted[], epochSeconds: number): Plan {
  const used = wanted.filter(({ addresses }) => addresses.length > 0)
  const table = used.length > 0 || exists(state) ? planTable(state) : { transaction: [], repairs: [] }
  const byAddress = new Map(state.addresses.map((found) => [formatAddress(found.address), found]))
  const attachments = used.map((one) => planAttachment(byAddress, one, epochSeconds))
  // A fallback's policy only where a pod has it, or is to have it.
  const policies = planPolicies(
    state,
    used.filter(({ isFallback }, i) => !isFallback || attachments[i]?.change),
  )
  return {
    setUp: [...table.transaction, ...policies.transaction],
    elements: attachments.flatMap((one) => one.transaction),
    changes: attachments.flatMap(({ change }) => (change ? [change] : [])),
    held: attachments.flatMap(({ held }) => held),
    repairs: [...table.repairs, ...policies.repairs],
    unrepaired: foreignHooks(state.table),
  }
}

interface SetUp {
  readonly transaction: Transaction
  readonly repairs: readonly string[]
}

/** The skeleton: only when it differs, because declaring it again makes every nft run of the node wait. */
function planTable(state: TableState): SetUp {
  const maps = [OWNERS, ...Object.values(POD_MAPS)].map((name) => `map ${name}`)
  const missing = maps.filter((head) => !state.table.blocks.some((block) => block.head === head))
  const repairs = exists(state)
    ? [...missing.map((head) => `${head}: missing`), ...compareHook(state.table)]
    : ['table inet ip-masq: missing']
  const isOlder = exists(state) && !hasLayout(state.table)
  if (repairs.length === 0 && !isOlder) return { transaction: [], repairs: [] }
  return {
    transaction: setUpTable(outdatedChains(state.table)),
    repairs: isOlder ? [...repairs, 'table inet ip-masq: of an older layout'] : repairs,
  }
}

/** A sync asks for the names of a few policies thousands of times. */
const names = new WeakMap<Policy, string>()

function nameOf(policy: Policy): string {
  const name = names.get(policy) ?? policyName(policy)
  names.set(policy, name)
  return name
}

/** Policies that are missing or altered; one that only changes its pods' list is no repair but their change. */
function planPolicies(state: TableState, wanted: readonly Wanted[]): SetUp {
  const policies = new Map(wanted.map(({ policy }) => [nameOf(policy), policy]))
  const drifted = [...policies].map(([name, policy]) => ({
    name,
    policy,
    lines: comparePolicy(state.table, policy),
  }))
  const hadPods = (name: string) => state.addresses.some(({ goto }) => goto === name)
  return {
    transaction: drifted.flatMap(({ policy, lines }) => (lines.length > 0 ? setUpPolicy(policy) : [])),
    repairs: drifted.flatMap(({ name, lines }) => (hadPods(name) ? lines : [])),
  }
}

function planAttachment(byAddress: ReadonlyMap<string, AddressState>, wanted: Wanted, epochSeconds: number) {
  const { attachment, addresses, policy, isFallback = false } = wanted
  const [owner, chain, isOwn] = [ownerValue(attachment, addresses), nameOf(policy), ownerTest(attachment)]
  const comment = ownerComment(attachment, epochSeconds)
  const held: Held[] = []
  const missing: Address[] = []
  const moved: Address[] = []
  const transaction = addresses.flatMap((address): Transaction => {
    const found = byAddress.get(formatAddress(address))
    if (found?.owner && !isOwn(found.owner)) {
      held.push({ attachment, address, holder: holderOf(found) })
      return []
    }
    if (found?.owner && (found.goto === chain || (isFallback && found.goto !== undefined))) return []
    const isMoved = found?.owner !== undefined && found.goto !== undefined
    ;(isMoved ? moved : missing).push(address)
    return [
      // The owner stands and is compared, or is new: either way the whole is refused when somebody was faster. With
      // the comment, lest an owner that a DEL has just removed comes back without one, and so for good.
      addOwner(address, found?.owner ?? owner, comment),
      ...(found?.goto !== undefined && found.goto !== chain ? [deletePod(address)] : []),
      addPod(address, chain),
    ]
  })
  const changed = [...missing, ...moved]
  const what = missing.length > 0 ? 'restored' : 'changed'
  const change: Change | undefined = changed.length > 0 ? { attachment, what, addresses: changed } : undefined
  return { transaction, change, held }
}

function holderOf({ comment }: AddressState): string {
  const note = parseOwnerComment(comment)
  return note ? `${note.containerID} ${note.ifname}` : 'an attachment without a name'
}
