import type { BackendSetting, Wanted } from '../backend/backend'
import type { LiveAttachment, LiveRule, PlaceName } from '../backend/inspection'
import { type Family, isSameAddress } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import type { Verdict } from '../sync/gone'
import type { ListedPolicy } from './policies'
import type { Oddity } from './row'
import { isWantedPolicy } from './wanted-policy'

/** What is odd about the rules themselves. */
export function oddRules({ rules }: Pick<LiveAttachment, 'rules'>): Oddity[] {
  if (rules.every(({ policy, foreign }) => policy !== undefined && foreign.length === 0)) return []
  return rules.flatMap(({ address, policy, foreign }: LiveRule): Oddity[] => {
    const text = formatAddress(address)
    return [
      ...foreign.map((line) => ({ code: 'foreign-rule' as const, text: `${text} leads to ${line}` })),
      ...(policy === undefined && foreign.length === 0
        ? [{ code: 'no-rule' as const, text: `no rule for ${text}` }]
        : []),
    ]
  })
}

/** What is odd about the attachment itself. `hasCache` says that a result cache exists that could have it. */
export function oddExistence({ is, because, isInFlight }: Verdict, hasCache: boolean): Oddity[] {
  if (is === 'known') return []
  if (is === 'gone') {
    const isNamespace = because.startsWith('its network namespace')
    return [isNamespace ? NAMESPACE_GONE : { code: 'gone', text: `gone: ${because}` }]
  }
  if (isInFlight) return [{ code: 'add-under-way', text: 'no cache entry yet' }]
  return hasCache ? [{ code: 'no-cache-entry', text: 'no cache entry' }] : []
}

const NAMESPACE_GONE: Oddity = { code: 'namespace-gone', text: 'network namespace gone' }

/** How the rules differ from those that the attachment should have. */
export function oddAgainst(
  { place, rules, addresses }: LiveAttachment,
  policy: ListedPolicy | undefined,
  wanted: Wanted,
): Oddity[] {
  const lacking = wanted.addresses.filter((one) => !addresses.some((own) => isSameAddress(own, one)))
  // An altered policy is reported by itself. The policy of the ADD is only a fallback, and no reason to report a difference.
  const isPolicyKnown = policy?.policy !== undefined && !wanted.isFallback
  return [
    ...lacking.map((address) => ({
      code: 'no-rule' as const,
      text: `no rule for ${formatAddress(address)}`,
    })),
    ...(isPolicyKnown && !isWantedPolicy(policy, wanted.policy, familiesOf(rules))
      ? [{ code: 'other-policy' as const, text: "policy differs from the conflist's" }]
      : []),
    ...(isElsewhere(place, wanted.backend)
      ? [{ code: 'other-place' as const, text: `the conflist asks for ${wanted.backend}` }]
      : []),
  ]
}

function familiesOf(rules: readonly LiveRule[]): Family[] {
  return [...new Set(rules.map(({ address }) => address.family))]
}

function isElsewhere(place: PlaceName, backend: BackendSetting): boolean {
  return backend !== 'auto' && (place === 'nftables') !== (backend === 'nftables')
}

/**
 * With `"auto"`, sync moves rules that were put into iptables while nftables did not work. `canMove` says that nftables
 * works now, and has no rules of the attachment.
 */
export function oddFallback(
  { place }: Pick<LiveAttachment, 'place'>,
  { backend, isFallback }: Pick<Wanted, 'backend' | 'isFallback'>,
  canMove: boolean,
): Oddity[] {
  const isLeftBehind = canMove && backend === 'auto' && !isFallback && place !== 'nftables'
  return isLeftBehind
    ? [{ code: 'other-place', text: 'nftables works here by now: ip-masq sync moves the rules' }]
    : []
}
