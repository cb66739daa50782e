import { FAMILY_NAMES } from '../policy/address'
import { formatPrefix } from '../policy/prefix'
import { actingIn } from '../policy/several'
import { raise } from './fault'
import type { Settings } from './intent'
import type { Config } from './keys'
import { windowsPart } from './windows-intent'

export function ignoredPodListWarning(place: string): string {
  const [setting] = place.split('.')
  return `${place} is ignored: write "podLists": "${setting}" or "both" in the conflist to let pods have lists of their own there`
}

/** Warnings about a config and its files that hold for every pod. */
export function warningsOf({ config, sources }: Settings): string[] {
  const ignored = config.policies.flatMap((policy, i) =>
    (policy?.ignored ?? []).map(
      (path) => `policies[${i}].${path} is ignored, because it has no counterpart on Linux`,
    ),
  )
  return [
    ...sources.warnings,
    ...ignored,
    ...severalWarnings(config),
    ...(config.ignoredPodLists ?? []).map(ignoredPodListWarning),
  ]
}

/** Warns about a pod whose namespace is not known, where it matters. */
export function namespaceWarnings({ onlyNamespaces, exceptNamespaces }: Config, namespace: string): string[] {
  if (namespace !== '' || (!onlyNamespaces && exceptNamespaces.length === 0)) return []
  const outcome = onlyNamespaces
    ? 'onlyNamespaces cannot match, so the pod is not masqueraded'
    : 'exceptNamespaces cannot match, so the pod is masqueraded'
  return [`CNI_ARGS has no K8S_POD_NAMESPACE: ${outcome}`]
}

/** Warns about several lists of exceptions, because whoever writes them may expect them to be joined. */
function severalWarnings(config: Config): string[] {
  const { policies } = windowsPart(config, raise)
  if (!policies) return []
  const differ = FAMILY_NAMES.some((family) => {
    const texts = actingIn(family, policies).flatMap(({ exceptions, destinations }) => {
      const own = exceptions.filter((prefix) => prefix.family === family)
      return destinations ? [] : [own.map(formatPrefix).sort().join(' ')]
    })
    return texts.some((text) => text !== texts[0])
  })
  return differ
    ? [
        'each of the policies applies on its own: a destination that only one of them exempts is masqueraded by the others; write the same exceptions into all policies without Destinations',
      ]
    : []
}
