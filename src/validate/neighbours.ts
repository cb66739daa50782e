import { toCniError } from '../cni/error'
import type { JsonObject } from '../cni/json'
import { requirePrevResult } from '../cni/prev-result'
import { neighbourIn } from '../install/neighbours'
import { masqueradingOf } from '../primary/masquerade-switch'
import { find, type Report } from './judgement'
import type { OwnConfig } from './own-config'
import { isOurs, isPrimary, type PlacedPlugin } from './plugins'

/** The other plugins of a network in which ip-masq is. */

interface Network {
  readonly list: JsonObject
  readonly plugins: readonly PlacedPlugin[]
}

export function judgeNeighbours(
  report: Report,
  { list, plugins }: Network,
  { pinExemptions }: OwnConfig,
): void {
  for (const { at, type, path } of masqueradingOf(plugins.map(({ plugin }) => plugin))) {
    const { part } = plugins[at] ?? {}
    if (!part) continue
    const wanted = type === 'flannel' ? '"delegate": { "ipMasq": false }' : '"ipMasq": false'
    const [severity, message] = pinExemptions
      ? ([
          'warning',
          `${type} masquerades too, and only pinExemptions keeps it from exempt destinations: write ${wanted} in its part`,
        ] as const)
      : ([
          'error',
          `Cannot exempt anything: ${type} masquerades too, and knows no exemptions; write ${wanted} in its part`,
        ] as const)
    find(report, part, { severity, rule: 'primary-masquerade', path, message })
  }
  for (const { plugin, part } of plugins) {
    const neighbour = neighbourIn({ name: list.name, plugins: [plugin] })
    if (!neighbour) continue
    const { name, section } = neighbour
    const message = `${name} masquerades by itself, and ip-masq does not change that: make sure that it is off (docs/neighbours.md#${section})`
    find(report, part, { severity: 'warning', rule: 'neighbour', path: ['type'], message })
  }
}

/** ip-masq needs the result of the plugin that gives the pod its address, so it must come after that, and only once. */
export function judgeOrder(report: Report, plugins: readonly PlacedPlugin[]): void {
  const own = plugins.filter(isOurs)
  const [first, ...others] = own
  if (!first) return
  const before = plugins.slice(0, plugins.indexOf(first))
  const after = plugins.slice(plugins.indexOf(first) + 1)
  if (before.length === 0 || (!before.some(isPrimary) && after.some(isPrimary))) {
    find(report, first.part, {
      severity: 'error',
      rule: 'order',
      path: ['type'],
      message: withoutPrevResult(),
    })
  }
  for (const { part } of others) {
    const message = `Cannot use ip-masq ${own.length} times in one network: the last one decides; remove the others`
    find(report, part, { severity: 'error', rule: 'twice', path: ['type'], message })
  }
}

/** The message of the ADD that fails. */
function withoutPrevResult(): string {
  try {
    requirePrevResult({})
  } catch (error) {
    return toCniError(error).message
  }
  return ''
}
