import { bootSeconds } from '#system/clock'
import type { Wanted } from '../backend/backend'
import { attachmentId } from '../backend/identity'
import type { Inspection, LiveAttachment } from '../backend/inspection'
import type { CachedAttachment } from '../cni/result-cache'
import { judge } from '../sync/gone'
import { type Expected, whyUnwanted } from './expected'
import { oddAgainst, oddExistence, oddFallback, oddRules } from './oddities'
import type { ListedPolicies, ListedPolicy } from './policies'
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
  const places = new Map<string, LiveAttachment[]>()
  for (const one of attachments) {
    const others = places.get(one.id)
    if (others) others.push(one)
    else places.set(one.id, [one])
  }
  return [
    ...attachments.map((live) => {
      const policy = policies.of(live)
      const existence = oddExistence(verdictOn(live), expected.cache.exists)
      const own = places.get(live.id) ?? []
      const others = own.length > 1 ? own.filter((one) => one !== live).map(inTwoPlaces) : []
      const canMove = hasNftables && own.length === 1
      return rowOf(live, { expected, policy, odd: existence.concat(others), canMove })
    }),
    ...[...expected.wanted].flatMap(([id, one]) => (places.has(id) ? [] : [withoutRules(one)])),
    ...strays.map((stray): Row => {
      const policy = policies.of({ place: stray.place, rules: [stray] })
      const odd: Oddity = { code: 'no-owner', text: 'no owner: ip-masq sync mends it, or says how' }
      return {
        id: '',
        addresses: [stray.address],
        names: NOBODY,
        place: stray.place,
        ...(policy && { policy }),
        odd: [odd],
      }
    }),
  ]
}

const NOBODY: Names = { network: '', containerID: '', ifname: '', pod: '' }

function inTwoPlaces({ place }: LiveAttachment): Oddity {
  return { code: 'two-places', text: `rules in ${place} too` }
}

interface Around {
  readonly expected: Expected
  readonly policy: ListedPolicy | undefined
  readonly odd: Oddity[]
  readonly canMove: boolean
}

function rowOf(live: LiveAttachment, { expected, policy, odd, canMove }: Around): Row {
  const { id, addresses, note, place } = live
  const cached = expected.cached.get(id)
  const wanted = expected.wanted.get(id)
  const netns = note?.netns ?? cached?.netns
  return {
    id,
    addresses,
    names: namesOf(cached?.attachment ?? note ?? NOBODY),
    netns,
    place,
    policy,
    ownList: wanted?.podList,
    odd: odd.concat(
      oddRules(live),
      policy && !policy.policy ? ALTERED : [],
      wanted
        ? oddAgainst(live, policy, wanted).concat(oddFallback(live, wanted, canMove))
        : unwanted(expected, cached),
    ),
  }
}

const ALTERED: Oddity = { code: 'policy-altered', text: 'policy altered by hand' }

function unwanted(expected: Expected, cached: CachedAttachment | undefined): Oddity[] {
  const why = cached && whyUnwanted(expected, cached.attachment.network)
  return why === undefined ? [] : [{ code: 'not-in-conflist', text: why }]
}

function withoutRules({ attachment, addresses, netns, podList }: Wanted): Row {
  return {
    id: attachmentId(attachment),
    addresses,
    names: namesOf(attachment),
    ...(netns !== undefined && { netns }),
    ...(podList && { ownList: podList }),
    odd: [{ code: 'no-rules', text: 'no rules: ip-masq sync installs them' }],
  }
}

function namesOf({ network, containerID, ifname, pod }: Names): Names {
  return { network, containerID, ifname, pod }
}
