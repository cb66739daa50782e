import type { Backend, Machine } from '../backend/backend'
import { readBaseChains } from '../backend/nftables/read-base-chains'
import { readNetworks } from '../cni/conflists'
import { CniError } from '../cni/error'
import { readResultCache } from '../cni/result-cache'
import { locator } from '../config/places'
import { FAMILIES } from '../policy/address'
import { absentDirectories, type Named } from '../sync/named'
import { hookedRules, surroundingsOf } from './around'
import { flowsOf } from './conntrack'
import type { Destination } from './destination'
import type { Explanation, Part } from './explanation'
import { podsFor } from './find-pods'
import { headOf } from './head'
import { decideParts } from './parts'
import { askedFor } from './pod-config'
import type { PodAddress, Subject } from './pods'
import {
  bridgedNote,
  filterNotes,
  filterProblems,
  notesOf,
  olderFlows,
  ownerProblem,
  problemsOf,
  rangeNote,
  settingsProblems,
} from './remarks'
import { ipRoutes } from './routes/ip-tool'
import { netlinkRoutes } from './routes/netlink'
import { seenOf } from './seen'

export interface LiveQuestion {
  readonly subject: Subject
  readonly sourceText: string
  readonly destinations: readonly Destination[]
  readonly destinationText: string
  readonly confDir: string
  readonly cacheDirs: readonly string[]
  readonly named: Named
}

/** The node that answers. */
export interface LiveNode {
  readonly backend: Backend
  readonly machine: Machine
}

/** The answer according to the rules in the kernel. `unseen` lists what could not be looked at, one line each. */
export interface LiveAnswer {
  readonly explanations: readonly Explanation[]
  readonly unseen: readonly string[]
}

/** Throws a CniError if there is no answer at all. */
export async function explainLive(question: LiveQuestion, node: LiveNode): Promise<LiveAnswer> {
  const { subject, destinations, confDir, cacheDirs, named } = question
  const { inspection, pods } = await podsFor(subject, node.backend, cacheDirs)
  const networks = readNetworks(confDir)
  const cache = readResultCache(cacheDirs, { isLate: () => true })
  const locate = locator()
  const routes = netlinkRoutes() ?? ipRoutes((await node.machine()).run)
  const chains = await readBaseChains(node.machine)
  const unseen = new Set([...inspection.unseen, ...absentDirectories({ confDir, networks, cache }, named)])
  const explanations: Explanation[] = []
  for (const pod of pods) {
    const asked = await askedFor(pod, networks, confDir)
    const ofFamily = destinations.filter(({ range }) => range.family === pod.address.family)
    if (ofFamily.length === 0) continue
    const { hooked, altered, problems } = await hookedRules(pod, inspection, node.backend)
    const around = await surroundingsOf(hooked, { routes, machine: node.machine, chains })
    for (const line of [...around.foreign.unseen, ...around.filters.unseen]) unseen.add(line)
    for (const destination of ofFamily) {
      const parts = await decideParts(destination.range, {
        ...{ pod: hooked, isOffline: false, altered, locate },
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
          ...filterNotes(answered),
          ...(flows ? [] : [NO_FLOWS]),
        ],
        problems: [
          ...problems,
          ...problemsOf(hooked, answered, asked),
          ...filterProblems(answered),
          ...settingsProblems(hooked, asked),
          ...ownerProblem(pod, around),
        ],
      })
    }
  }
  if (explanations.length === 0) throw noFamily(question, pods)
  return { explanations, unseen: [...unseen] }
}

const NO_FLOWS = 'the kernel does not show which flows are established here'

function noFamily({ sourceText, destinations }: LiveQuestion, pods: readonly PodAddress[]): CniError {
  const [wanted = 'ip'] = destinations.map(({ range }) => range.family)
  const has = [...new Set(pods.map(({ address }) => FAMILIES[address.family].label))].join(' and ')
  return new CniError(
    'ioFailure',
    `Cannot explain ${sourceText}: the destination is ${FAMILIES[wanted].label}, and the source has only ${has} addresses`,
  )
}
