import type { Backend, Machine } from '../backend/backend'
import type { Inspection, PlaceName } from '../backend/inspection'
import { readBaseChains } from '../backend/nftables/read-base-chains'
import { readNetworks } from '../cni/conflists'
import { CniError } from '../cni/error'
import { readResultCache } from '../cni/result-cache'
import { locator } from '../config/places'
import { readForeign } from '../foreign'
import { FAMILIES, type Family } from '../policy/address'
import { ALL } from '../policy/range'
import { flowsOf } from './conntrack'
import type { Destination } from './destination'
import type { Explanation, Part } from './explanation'
import { headOf } from './head'
import { decideParts } from './parts'
import { askedFor } from './pod-config'
import { cachedAddresses, liveAddresses, ofPod, type PodAddress, type Subject, withCache } from './pods'
import { bridgedNote, notesOf, olderFlows, problemsOf, rangeNote, settingsProblems } from './remarks'
import { ipRoutes } from './routes/ip-tool'
import { netlinkRoutes } from './routes/netlink'
import type { Routes } from './routes/routes'
import { type Surroundings, seenOf } from './seen'

export interface LiveQuestion {
  readonly subject: Subject
  readonly sourceText: string
  readonly destinations: readonly Destination[]
  readonly destinationText: string
  readonly confDir: string
  readonly cacheDirs: readonly string[]
}

/** The node that is asked. */
export interface LiveNode {
  readonly backend: Backend
  readonly machine: Machine
}

/** By the rules in the kernel; `unseen`: what could not be looked at, a line each. */
export interface LiveAnswer {
  readonly explanations: readonly Explanation[]
  readonly unseen: readonly string[]
}

/** Throws CniError where nothing can be said at all. */
export async function explainLive(question: LiveQuestion, node: LiveNode): Promise<LiveAnswer> {
  const { subject, destinations, confDir, cacheDirs } = question
  const { inspection, pods } = await podsFor(subject, node.backend, cacheDirs)
  const networks = readNetworks(confDir)
  const locate = locator()
  const routes = netlinkRoutes() ?? ipRoutes((await node.machine()).run)
  const chains = await readBaseChains(node.machine)
  const unseen = new Set(inspection.unseen)
  const explanations: Explanation[] = []
  for (const pod of pods) {
    const asked = await askedFor(pod, networks, confDir)
    for (const destination of destinations) {
      if (destination.range.family !== pod.address.family) continue
      const { hooked, problems } = await hookedRules(pod, inspection, node.backend)
      const around = await surroundingsOf(hooked, { routes, machine: node.machine, chains })
      for (const line of around.foreign.unseen) unseen.add(line)
      const parts = await decideParts(destination.range, {
        ...{ pod: hooked, isOffline: false, locate },
        ...(asked.config && { config: asked.config }),
      })
      const flows = flowsOf(pod.address, destination.range)
      const answered = parts.map((part): Part => {
        const seen = seenOf(part, around)
        return { ...part, ...seen, olderFlows: olderFlows(flows, part, seen) }
      })
      explanations.push({
        ...headOf(question, pod, destination),
        parts: answered,
        notes: [
          ...asked.notes,
          ...notesOf(hooked, around),
          ...bridgedNote(answered, pod.address.family),
          ...rangeNote(answered),
          ...(flows ? [] : [NO_FLOWS]),
        ],
        problems: [...problems, ...problemsOf(hooked, answered, asked), ...settingsProblems(hooked, asked)],
      })
    }
  }
  if (explanations.length === 0) throw noFamily(question, pods)
  return { explanations, unseen: [...unseen] }
}

const NO_FLOWS = 'the kernel does not show which flows are established here'

interface FoundPods {
  readonly inspection: Inspection
  readonly pods: readonly PodAddress[]
}

/** By the kernel first, which tells one pod from 10,000 by key; else by the caches, all of which have to be read for that. */
async function podsFor(subject: Subject, backend: Backend, cacheDirs: readonly string[]): Promise<FoundPods> {
  const inspection = await backend.inspect(subject)
  const read = (suffix?: string) => readResultCache(cacheDirs, suffix ? { suffix } : {})
  const live = ofPod(withCache(liveAddresses(inspection, subject), read), subject)
  if (live.length > 0) return { inspection, pods: live }
  const cached = cachedAddresses(read(), subject)
  if (cached.length === 0 && 'pod' in subject)
    throw new CniError(
      'ioFailure',
      `Cannot explain ${subject.pod}: no rules here and no result cache name such a pod; write its address, or check --cache-dir`,
    )
  if (cached.length === 0 && 'address' in subject)
    return { inspection, pods: [{ address: subject.address, rules: [] }] }
  const pods: PodAddress[] = []
  for (const one of cached) {
    const { address } = one
    const [found] = liveAddresses(await backend.inspect({ address }), { address })
    pods.push({ ...one, ...found, ...(one.cached && { cached: one.cached }) })
  }
  return { inspection, pods }
}

/** The rules that packets come to. One whose chain is not hooked does nothing. */
async function hookedRules(pod: PodAddress, inspection: Inspection, backend: Backend) {
  const names = pod.rules.map(({ place }) => tableOf(place, pod.address.family))
  const hooked = names.length > 0 ? await backend.hookedTables(names) : []
  const rules = pod.rules.filter((_, i) => hooked.includes(names[i] ?? ''))
  const lost = pod.rules.filter((rule) => !rules.includes(rule))
  const damaged = inspection.places.flatMap(({ name, differences }) =>
    pod.rules.some(({ place }) => place === name) ? differences.map((line) => `${name}: ${line}`) : [],
  )
  return {
    hooked: { ...pod, rules },
    problems: [
      ...lost.map(
        ({ place }) =>
          `the rules in ${place} are not asked, because their chain is not hooked: run ip-masq sync`,
      ),
      ...damaged,
    ],
  }
}

/** As `hookedTables` calls it. */
function tableOf(place: PlaceName, family: Family): string {
  return place === 'nftables' ? 'inet ip-masq' : family === 'ip' ? 'iptables' : 'ip6tables'
}

async function surroundingsOf(pod: PodAddress, { routes, machine, chains }: Asking): Promise<Surroundings> {
  const { address: source } = pod
  const { run, host } = await machine()
  const back = routes.lookUp(source)
  const wanted = { source, destination: ALL[source.family] }
  return {
    ...{ routes, source, own: pod.rules[0]?.place ?? 'nftables' },
    foreign: readForeign(run, host, { wanted, ...(chains.ok && { chains: chains.value }) }),
    ...(back.kind === 'out' && { through: back.out }),
    isNodesOwn: back.kind === 'local',
  }
}

interface Asking {
  readonly routes: Routes
  readonly machine: Machine
  readonly chains: Awaited<ReturnType<typeof readBaseChains>>
}

function noFamily({ sourceText, destinations }: LiveQuestion, pods: readonly PodAddress[]): CniError {
  const [wanted = 'ip'] = destinations.map(({ range }) => range.family)
  const has = [...new Set(pods.map(({ address }) => FAMILIES[address.family].label))].join(' and ')
  return new CniError(
    'ioFailure',
    `Cannot explain ${sourceText}: the destination is of ${FAMILIES[wanted].label}, and the source of ${has}`,
  )
}
