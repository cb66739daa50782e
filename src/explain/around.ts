import type { Backend, Machine } from '../backend/backend'
import type { Inspection, PlaceName } from '../backend/inspection'
import type { readBaseChains } from '../backend/nftables/read-base-chains'
import { readForeign } from '../foreign'
import type { ForeignFilters } from '../foreign/model'
import { readFilters } from '../foreign/read-filters'
import type { Family } from '../policy/address'
import { ALL } from '../policy/range'
import type { PodAddress } from './pods'
import type { Routes } from './routes/routes'
import type { Surroundings } from './seen'

/** Keeps the rules that packets come to. Rules do nothing if their chain is not hooked. */
export async function hookedRules(pod: PodAddress, inspection: Inspection, backend: Backend) {
  const names = pod.rules.map(({ place }) => tableOf(place, pod.address.family))
  const hooked = names.length > 0 ? await backend.hookedTables(names) : []
  const rules = pod.rules.filter((_, i) => hooked.includes(names[i] ?? ''))
  const lost = pod.rules.filter((rule) => !rules.includes(rule))
  const damaged = inspection.places.flatMap(({ name, differences }) =>
    pod.rules.some(({ place }) => place === name) ? differences.map((line) => `${name}: ${line}`) : [],
  )
  return {
    hooked: { ...pod, rules },
    altered: inspection.places.flatMap(({ name, differences }) => (differences.length > 0 ? [name] : [])),
    problems: [
      ...lost.map(
        ({ place }) =>
          `the rules in ${place} are not used, because their chain is not hooked: run ip-masq sync`,
      ),
      ...damaged,
    ],
  }
}

/** The name of the table, as `hookedTables` expects it. */
function tableOf(place: PlaceName, family: Family): string {
  return place === 'nftables' ? 'inet ip-masq' : family === 'ip' ? 'iptables' : 'ip6tables'
}

export async function surroundingsOf(
  pod: PodAddress,
  { routes, machine, chains }: Asking,
): Promise<Surroundings> {
  const { address: source } = pod
  const { run, host } = await machine()
  const back = routes.lookUp(source)
  const wanted = { source, destination: ALL[source.family] }
  const isNodesOwn = back.kind === 'local'
  return {
    ...{ routes, source, own: pod.rules[0]?.place ?? 'nftables' },
    foreign: readForeign(run, host, { wanted, ...(chains.ok && { chains: chains.value }) }),
    // Packets that the node itself sends come to other hooks.
    filters: isNodesOwn
      ? NO_FILTERS
      : chains.ok
        ? readFilters(run, host, { wanted, chains: chains.value })
        : UNKNOWN,
    ...(back.kind === 'out' && { through: back.out }),
    isNodesOwn,
  }
}

const NO_FILTERS: ForeignFilters = { hooks: [], unseen: [] }

const UNKNOWN: ForeignFilters = {
  hooks: [],
  unseen: ['filters: nf_tables does not say which chains there are'],
}

interface Asking {
  readonly routes: Routes
  readonly machine: Machine
  readonly chains: Awaited<ReturnType<typeof readBaseChains>>
}
