import { sha256 } from '#system/digest'
import type { Policy } from '../../policy/policy'
import type { Ranges } from '../../policy/range'
import { policyObjects } from './policy-objects'

/**
 * The name of a policy depends on what it does: 16 hex digits of the hash of its sets, chains and rules. Pods with the
 * same list share it. A release that makes other rules for a policy makes a new one instead of editing a live one.
 *
 * The rules are hashed as values: a policy has one form of them (`policy-objects.ts`), and JSON separates them
 * unambiguously.
 */
export function policyName(policy: Policy): string {
  const name = names.get(policy) ?? hashed(policy)
  names.set(policy, name)
  return name
}

/** A set-up needs a name twice, a sync the names of a few policies thousands of times. */
const names = new WeakMap<Policy, string>()

function hashed(policy: Policy): string {
  const { sets, chains } = policyObjects(policy, '')
  // This is what JSON.stringify would write for names and digits, which looks at each character.
  const lists = sets.map(({ name, ranges }) => `["${name}","${joinRanges(ranges)}"]`)
  return `policy-${sha256(`[[${lists.join(',')}],${JSON.stringify(chains)}]`).slice(0, 16)}`
}

/** Joins plain digits, because every ADD names its policy, and a list may have thousands of ranges. */
function joinRanges(ranges: Ranges): string {
  return 'digits' in ranges ? ranges.digits : ranges.map((range) => range.first + range.end).join('')
}
