import { CniError } from '../../cni/error'
import { type Address, formatAddress, isSameAddress } from '../../policy/address'
import type { Wanted } from '../backend'
import type { Carrier } from './carrier'
import { compareHook, comparePolicy, foreignHooks } from './compare-structure'
import { ATTACHMENTS, goTo, OWNERS, POD_MAPS, policyName } from './layout'
import { hasLayout, wrongMaps } from './outdated'
import { ownerTest } from './owner'
import { type AttachmentState, readAttachment } from './read-attachment'
import { TABLE } from './render'
import { inSlotOrder } from './slots'
import { exists } from './table-state'

const ACTION = 'check the rules'

/** So often at most: two reads that find the same are believed. */
const MOST_READS = 10

/**
 * CHECK compares what an ADD of now would write with what is there: the attachment's own elements, by key, the base chain,
 * and one policy. The parts may be of different moments, and on a busy node there are thousands of transactions in a
 * second. So a read that finds no difference is believed, and one that does is repeated until two agree. `warn` gets what
 * is strange and changes nothing for the pod.
 */
export function verify(carrier: Carrier, wanted: Wanted, warn: (line: string) => void = () => {}): string[] {
  if (wanted.addresses.length === 0) return []
  let previous: string | undefined
  for (let i = 0; i < MOST_READS; i++) {
    const { attachment, addresses, policy } = wanted
    const policies = [policyName(policy)]
    const state = readAttachment(carrier, { action: ACTION, attachment, addresses, policies })
    const differences = compare(state, wanted)
    const foreign = foreignHooks(state.structure.table)
    if (differences.length === 0) {
      for (const line of foreign) warn(line)
      return []
    }
    if (differences.join() === previous) return [...differences, ...foreign]
    previous = differences.join()
  }
  throw new CniError('tryAgain', `Cannot ${ACTION}: the ruleset changes too fast to be read; try again`)
}

function compare(state: AttachmentState, wanted: Wanted): string[] {
  if (!exists(state.structure)) return [`table ${TABLE}: missing`]
  const { table } = state.structure
  return [
    ...wrongMaps(table).map((name) => `map ${name}: another type than ours`),
    ...compareHook(table),
    ...comparePolicy(table, wanted.policy),
    ...wanted.addresses.flatMap((address) => compareAddress(state, wanted, address)),
    ...findSurplus(state, wanted),
    ...(hasLayout(table) ? compareSlots(state, wanted) : []),
  ]
}

/** Addresses that the attachment had at an earlier ADD, without a DEL in between. */
function findSurplus(state: AttachmentState, { attachment, addresses }: Wanted): string[] {
  const isOwn = ownerTest(attachment)
  return state.addresses
    .filter(
      ({ owner, address }) => owner && isOwn(owner) && !addresses.some((own) => isSameAddress(own, address)),
    )
    .map(({ address }) => `map ${OWNERS}: unexpected element ${formatAddress(address)}`)
}

/** What a DEL without prevResult goes by. */
function compareSlots({ slots }: AttachmentState, { addresses }: Wanted): string[] {
  const [found, expected] = [slots.addresses, inSlotOrder(addresses)].map((list) =>
    list.map(formatAddress).join(', '),
  )
  return found === expected
    ? []
    : [`map ${ATTACHMENTS}: has "${found}" for the attachment, not "${expected}"`]
}

function compareAddress(state: AttachmentState, wanted: Wanted, address: Address): string[] {
  const found = state.addresses.find((other) => isSameAddress(other.address, address))
  const text = formatAddress(address)
  const [map, verdict] = [`map ${POD_MAPS[address.family]}`, goTo(policyName(wanted.policy))]
  const differences: string[] = []
  if (found?.verdict === undefined) differences.push(`${map}: missing element ${text}`)
  else if (found.verdict !== verdict)
    differences.push(`${map}: the verdict of ${text} is "${found.verdict}", not "${verdict}"`)
  if (!found?.owner) differences.push(`map ${OWNERS}: missing element ${text}`)
  else if (!ownerTest(wanted.attachment)(found.owner)) {
    differences.push(
      `map ${OWNERS}: ${text} belongs to another attachment (${found.comment ?? 'no comment'})`,
    )
  }
  return differences
}
