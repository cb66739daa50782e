import { bootSeconds } from '#system/clock'
import type { Wanted } from '../backend/backend'
import { attachmentId } from '../backend/identity'
import type { Inspection, LiveAttachment } from '../backend/inspection'
import type { Listed } from '../backend/listed'
import { judge, type Verdict } from '../sync/gone'
import { type Expected, whyUnwanted } from './expected'
import {
  addOddAddresses,
  addOddExistence,
  addOddRules,
  hasOtherPolicy,
  isElsewhere,
  isLeftBehind,
} from './oddities'
import type { ListedPolicies } from './policies'
import type { Names, Oddity, Row } from './row'

/** The time that an ADD may take; the same as the default of `ip-masq gc`. */
const GRACE_SECONDS = 600

interface Found {
  readonly inspection: Inspection
  readonly policies: ListedPolicies
  readonly expected: Expected
}

/** Makes a row for each attachment that has rules or should have some, and for each address that has a rule but no owner. */
export function findRows(found: Found): Row[] {
  const { inspection, policies, expected } = found
  const { attachments, strays } = inspection
  const { cache, isNetnsGone } = expected
  const evidence = { cache, isNetnsGone, bootSeconds: bootSeconds(), graceSeconds: GRACE_SECONDS }
  const verdictOn = judge(evidence)
  const hasNftables = inspection.places.some(({ name }) => name === 'nftables')
  const places = attachmentsById(attachments)
  const around: Around = { expected, policies, places, hasNftables, verdictOn }
  const rows = attachments.map((live) => rowOf(live, around))
  expected.wanted.forEach((one, id) => {
    if (!places.has(id)) rows.push(withoutRules(one))
  })
  for (const stray of strays) {
    const policy = policies.of({ place: stray.place, rules: [stray] })
    const odd: Oddity = { code: 'no-owner', text: 'no owner: ip-masq sync mends it, or says how' }
    rows.push({
      id: '',
      addresses: [stray.address],
      names: NOBODY,
      place: stray.place,
      ...(policy && { policy }),
      odd: [odd],
    })
  }
  return rows
}

/** By `attachmentId`. An attachment that has rules in several places has a list; there is hardly ever one. */
function attachmentsById(
  attachments: readonly LiveAttachment[],
): ReadonlyMap<string, LiveAttachment | LiveAttachment[]> {
  const found = new Map<string, LiveAttachment | LiveAttachment[]>()
  for (const one of attachments) {
    const other = found.get(one.id)
    if (Array.isArray(other)) other.push(one)
    else found.set(one.id, other ? [other, one] : one)
  }
  return found
}

const NOBODY: Names = { network: '', containerID: '', ifname: '', pod: '' }

function inTwoPlaces({ place }: LiveAttachment): Oddity {
  return { code: 'two-places', text: `rules in ${place} too` }
}

interface Around {
  readonly expected: Expected
  readonly policies: ListedPolicies
  readonly places: ReturnType<typeof attachmentsById>
  readonly hasNftables: boolean
  readonly verdictOn: (listed: Listed) => Verdict
}

function rowOf(live: LiveAttachment, { expected, policies, places, hasNftables, verdictOn }: Around): Row {
  const { id, addresses, note, place } = live
  const cached = expected.cached.get(id)
  const wanted = expected.wanted.get(id)
  const policy = policies.of(live)
  const own = places.get(id)
  const odd: Oddity[] = []
  addOddExistence(odd, verdictOn(live), expected.cache.exists)
  if (Array.isArray(own)) for (const other of own) if (other !== live) odd.push(inTwoPlaces(other))
  addOddRules(odd, live)
  if (policy && !policy.policy) odd.push(ALTERED)
  if (wanted) {
    addOddAddresses(odd, live, wanted)
    if (hasOtherPolicy(live, policy, wanted)) odd.push(OTHER_POLICY)
    if (isElsewhere(live, wanted))
      odd.push({ code: 'other-place', text: `the conflist asks for ${wanted.backend}` })
    if (hasNftables && !Array.isArray(own) && isLeftBehind(live, wanted)) odd.push(LEFT_BEHIND)
  } else if (cached) {
    const why = whyUnwanted(expected, cached.attachment.network)
    if (why !== undefined) odd.push({ code: 'not-in-conflist', text: why })
  }
  const names = cached?.attachment ?? note ?? NOBODY
  const netns = note?.netns ?? cached?.netns
  return { id, addresses, names, netns, place, policy, ownList: wanted?.podList, odd }
}

const ALTERED: Oddity = { code: 'policy-altered', text: 'policy altered by hand' }
const OTHER_POLICY: Oddity = { code: 'other-policy', text: "policy differs from the conflist's" }
const LEFT_BEHIND: Oddity = {
  code: 'other-place',
  text: 'nftables works here by now: ip-masq sync moves the rules',
}

function withoutRules({ attachment, addresses, netns, podList }: Wanted): Row {
  return {
    id: attachmentId(attachment),
    addresses,
    names: attachment,
    ...(netns !== undefined && { netns }),
    ...(podList && { ownList: podList }),
    odd: [{ code: 'no-rules', text: 'no rules: ip-masq sync installs them' }],
  }
}
