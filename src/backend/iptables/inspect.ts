import { FAMILY_NAMES, type Family } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import type { Inspection, LivePolicy, LiveRule, PlaceName } from '../inspection'
import { compareHook } from './hook'
import { DISPATCH, ownerPrefix, policyRule } from './layout'
import { policyPrefix } from './policy-chains'
import { listAttachments } from './prune'
import { readPolicy } from './read-policy'
import { renderRule } from './render'
import { type AddressState, readState, type State } from './state'
import { type Iptables, runList, toError } from './tool'
import { inFamily } from './verify'

const ACTION = 'read the rules'

/**
 * Returns what one kind of iptables has, down to each rule. A listing of iptables is complete, whatever others do
 * meanwhile.
 */
export function inspect(iptables: Iptables): Inspection {
  const place: PlaceName = `iptables${iptables.variant}`
  const tables = FAMILY_NAMES.flatMap((family) => {
    return hasOurs(iptables, family) ? [{ family, state: readState(iptables, family, ACTION) }] : []
  })
  const rules = new Map(
    tables.flatMap(({ state }) => state.addresses.map((one) => [formatAddress(one.address), ruleOf(one)])),
  )
  const attachments = listAttachments(tables.map(({ state }) => state)).map((one) => ({
    ...one,
    place,
    rules: one.addresses.flatMap((address) => rules.get(formatAddress(address)) ?? []),
  }))
  const owned = new Set(attachments.flatMap(({ addresses }) => addresses.map(formatAddress)))
  return {
    places: [
      {
        name: place,
        isSetUp: tables.length > 0,
        differences: tables.flatMap(({ family, state }) => differencesIn(state, family)),
      },
    ],
    attachments,
    strays: [...rules].flatMap(([text, rule]) => (owned.has(text) ? [] : [{ ...rule, place }])),
    policies: tables.flatMap(({ family, state }) => policiesIn(state, family, place)),
    unseen: [],
  }
}

/** Looks at our one chain, because the whole table may be somebody else's, and long. Throws where we cannot look. */
function hasOurs(iptables: Iptables, family: Family): boolean {
  if (!iptables.mayHaveRules(family)) return false
  const listed = runList(iptables, family, DISPATCH)
  if (listed.ok) return true
  if (listed.failure === 'refused' || listed.failure === 'unsupported') return false
  throw toError(ACTION, listed)
}

function differencesIn(state: State, family: Family): string[] {
  const addresses = state.addresses.map(({ address }) => address)
  return compareHook(state, addresses).map(inFamily(family))
}

function policiesIn({ chains }: State, family: Family, place: PlaceName): LivePolicy[] {
  return [...chains.keys()]
    .filter((chain) => chain.startsWith(policyPrefix))
    .map((name) => ({ ...readPolicy(chains, name, family), name, place, families: [family] }))
}

/**
 * The rules of one address. `-g` to the policy comes first, and the owner's name after it: any other rule decides before,
 * or is never reached.
 */
function ruleOf({ address, policy, dispatches, rules }: AddressState): LiveRule {
  const isOurs = (rule: string) =>
    rule.startsWith(`-j ${ownerPrefix}`) || (policy !== undefined && rule === renderRule(policyRule(policy)))
  const foreign = rules.filter((rule) => !isOurs(rule))
  return {
    address,
    ...(policy !== undefined && dispatches > 0 && { policy }),
    foreign: foreign.map((rule) => `"${rule}"`),
  }
}
