import type { Wanted } from '../backend/backend'
import type { LiveAttachment, LiveRule } from '../backend/inspection'
import { type Address, type Family, isSameAddress } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import type { Verdict } from '../sync/gone'
import type { ListedPolicy } from './policies'
import type { Oddity } from './row'
import { isWantedPolicy } from './wanted-policy'

/**
 * The functions add what they find to the list of a row: a node has thousands of rows, nearly all with nothing odd, and a
 * list of each function's own would take longer than its look. So would iterators for the one or two rules of a row.
 */

/** What is odd about the rules themselves. */
export function addOddRules(odd: Oddity[], { rules }: Pick<LiveAttachment, 'rules'>): void {
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i]
    if (rule && (rule.policy === undefined || rule.foreign.length > 0)) addOddRule(odd, rule)
  }
}

function addOddRule(odd: Oddity[], { address, foreign }: LiveRule): void {
  const text = formatAddress(address)
  for (const line of foreign) odd.push({ code: 'foreign-rule', text: `${text} leads to ${line}` })
  if (foreign.length === 0) odd.push(noRuleFor(text))
}

function noRuleFor(address: string): Oddity {
  return { code: 'no-rule', text: `no rule for ${address}` }
}

/** What is odd about the attachment itself. `hasCache` says that a result cache exists that could have it. */
export function addOddExistence(
  odd: Oddity[],
  { is, because, isInFlight }: Verdict,
  hasCache: boolean,
): void {
  if (is === 'known') return
  if (is === 'gone') {
    const isNamespace = because.startsWith('its network namespace')
    odd.push(isNamespace ? NAMESPACE_GONE : { code: 'gone', text: `gone: ${because}` })
  } else if (isInFlight) odd.push({ code: 'add-under-way', text: 'no cache entry yet' })
  else if (hasCache) odd.push({ code: 'no-cache-entry', text: 'no cache entry' })
}

const NAMESPACE_GONE: Oddity = { code: 'namespace-gone', text: 'network namespace gone' }

/** Addresses that the attachment should have rules for. */
export function addOddAddresses(
  odd: Oddity[],
  { addresses }: Pick<LiveAttachment, 'addresses'>,
  wanted: Pick<Wanted, 'addresses'>,
): void {
  for (let i = 0; i < wanted.addresses.length; i++) {
    const address = wanted.addresses[i]
    if (address && !isAmong(addresses, address)) odd.push(noRuleFor(formatAddress(address)))
  }
}

function isAmong(addresses: readonly Address[], wanted: Address): boolean {
  for (let i = 0; i < addresses.length; i++) {
    const one = addresses[i]
    if (one && isSameAddress(one, wanted)) return true
  }
  return false
}

/**
 * Whether the policy differs from the one that the conflist asks for. An altered policy is reported by itself. The policy of
 * the ADD is only a fallback, and no reason to report a difference.
 */
export function hasOtherPolicy(
  { rules }: Pick<LiveAttachment, 'rules'>,
  policy: ListedPolicy | undefined,
  wanted: Pick<Wanted, 'policy' | 'isFallback'>,
): boolean {
  if (policy?.policy === undefined || wanted.isFallback) return false
  return !isWantedPolicy(policy, wanted.policy, familiesOf(rules))
}

function familiesOf(rules: readonly LiveRule[]): readonly Family[] {
  const families: Family[] = []
  for (let i = 0; i < rules.length; i++) {
    const family = rules[i]?.address.family
    if (family && !families.includes(family)) families.push(family)
  }
  return families
}

export function isElsewhere(
  { place }: Pick<LiveAttachment, 'place'>,
  { backend }: Pick<Wanted, 'backend'>,
): boolean {
  return backend !== 'auto' && (place === 'nftables') !== (backend === 'nftables')
}

/**
 * Whether the rules were put into iptables while nftables did not work. With `"auto"`, sync moves them, if nftables works by
 * now and has no rules of the attachment.
 */
export function isLeftBehind(
  { place }: Pick<LiveAttachment, 'place'>,
  { backend, isFallback }: Pick<Wanted, 'backend' | 'isFallback'>,
): boolean {
  return backend === 'auto' && !isFallback && place !== 'nftables'
}
