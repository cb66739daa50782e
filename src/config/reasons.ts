import type { Family } from '../policy/address'
import { ZEROS } from '../policy/digits'
import type { Intent, PolicyIntent } from '../policy/intent'
import type { Prefix } from '../policy/prefix'
import { actingInOrder } from '../policy/several'
import { exemptReasons, keyReasons } from './exempt-reasons'
import { familyOff } from './family-off'
import { intentOf } from './intent'
import { formatPath } from './path'
import { ofKey, type PodConfig, type Reason, type Source } from './reason'
import { type WindowsPaths, windowsPaths } from './windows-places'

/** The reasons why destinations of one family are exempt or masqueraded. */
export interface FamilyReasons {
  readonly family: Family
  /** The first layer that masquerades a destination decides. There are several only if there are several Windows policies. */
  readonly layers: readonly Layer[]
  /** Decides where no layer applies: for a family that is not masqueraded, and for destinations in no `Destinations`. */
  readonly rest: Reason
}

/** Lists of exemptions, and what is masqueraded apart from them. */
export interface Layer {
  /** `policies[1]`; absent if there are not several. */
  readonly policy?: string
  /** The longest prefix decides; among equal ones the first. */
  readonly reasons: readonly Reason[]
  /** `Destinations`, the only ones that the layer is about; absent: all. */
  readonly reach?: readonly Reason[]
  /** Destinations that no reason covers: they are masqueraded. */
  readonly rest: Reason
}

/** The decisions of `decidePolicy` for the pod, with the reasons for them. It throws what `intentOf` throws. */
export function reasonsFor(pod: PodConfig, family: Family): FamilyReasons {
  const intent = intentOf(pod.settings, pod.namespace)
  const prefix = wholeOf(family)
  const off = familyOff(pod, family)
  if (off) return { family, layers: [], rest: { prefix, verdict: 'exempt', ...off } }
  const outside = { kind: 'rest', text: 'no policy has it in its Destinations' } as const
  return {
    family,
    layers: layersOf(pod, intent, family),
    rest: { prefix, verdict: 'exempt', cause: outside },
  }
}

/** A Windows policy for us, with the places of its values. */
interface Placed extends PolicyIntent {
  readonly place: string
  readonly paths: WindowsPaths
}

const NO_PATHS: WindowsPaths = { exceptions: [], destinations: [], virtualIPs: [] }

function layersOf(pod: PodConfig, intent: Intent, family: Family): Layer[] {
  const { config } = pod.settings
  const entries = Array.isArray(pod.raw.policies) ? pod.raw.policies : []
  const written = config.policies.flatMap((policy, i) =>
    policy ? [{ place: `policies[${i}]`, paths: windowsPaths(entries[i], ['policies', i]) }] : [],
  )
  if (!intent.policies) {
    const { place = '', paths = NO_PATHS } = written[0] ?? {}
    const { destinations, snatTo } = intent
    const one = { place, paths, exceptions: [], snatTo, ...(destinations && { destinations }) }
    return [layerOf(pod, { intent, family, one, shared: exemptReasons(pod, paths.exceptions) })]
  }
  const shared = exemptReasons(pod, [])
  const policies = intent.policies.map((policy, i): Placed => {
    const { place = '', paths = NO_PATHS } = written[i] ?? {}
    return { ...policy, place, paths }
  })
  return actingInOrder(family, policies).map((one) => ({
    policy: one.place,
    ...layerOf(pod, { intent, family, one, shared }),
  }))
}

interface LayerParts {
  readonly intent: Intent
  readonly family: Family
  readonly one: Placed
  /** The exemptions of the whole config. */
  readonly shared: readonly Reason[]
}

function layerOf(pod: PodConfig, { intent, family, one, shared }: LayerParts): Layer {
  const { exceptions, destinations, paths } = one
  const source = sourceOf(pod, { intent, family, one })
  const masqueraded = { verdict: 'masqueraded', ...(source && { source }) } as const
  const ofFamily = ({ prefix }: Reason) => prefix.family === family
  const own = keyReasons(pod, exceptions, (i) => paths.exceptions[i] ?? [])
  const back = keyReasons(pod, intent.masqueradeCIDRs, (i) => ['masqueradeCIDRs', i])
  const reach = destinations && keyReasons(pod, destinations, (i) => paths.destinations[i] ?? [])
  return {
    // A destination that is exempt and masqueraded at equal length is masqueraded.
    reasons: [...back.map((reason) => ({ ...reason, ...masqueraded })), ...own, ...shared].filter(ofFamily),
    ...(reach && { reach: reach.filter(ofFamily).map((reason) => ({ ...reason, ...masqueraded })) }),
    rest: { prefix: wholeOf(family), ...masqueraded, cause: { kind: 'rest', text: 'nothing exempts it' } },
  }
}

/** The source. A policy's own address comes before the whole config's address. */
function sourceOf(pod: PodConfig, { intent, family, one }: Omit<LayerParts, 'shared'>): Source | undefined {
  const range = one.snatTo[family] ?? intent.snatTo[family]
  if (!range) return undefined
  const policy = pod.settings.config.policies[Number(one.place.slice('policies['.length, -1))]
  const at = (policy?.virtualIPs ?? []).findLastIndex((address) => address.family === family)
  const path = one.paths.virtualIPs[at] ?? ['snatTo', family === 'ip' ? 'ipv4' : 'ipv6']
  const { where } = ofKey(pod, path)
  return { range, key: formatPath(path), ...(where && { where }) }
}

function wholeOf(family: Family): Prefix {
  return { family, digits: family === 'ip' ? ZEROS.slice(0, 8) : ZEROS, length: 0 }
}
