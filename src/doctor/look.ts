import { readSystemFile } from '#system/proc'
import { effectiveUser } from '#system/program'
import { readBaseChains } from '../backend/nftables/read-base-chains'
import { type Runtime, runningRuntimes } from '../install/runtimes'
import { attempt, type Read } from './attempt'
import { type Conflists, readConflists } from './conflists'
import { type Counters, readCounters } from './counters'
import type { Kernel, Netfilter } from './kernel'
import { mayAsk, presenceOf, readModuleLists } from './modules'
import { missingCapabilities, type Privileges } from './privileges'
import { type Rules, readRules, readWantedAlone } from './rules'
import type { Site } from './site'

/** The data that several checks need. */
export interface Look {
  /** The counters before everything else was read. */
  readonly counters: Counters | undefined
  readonly privileges: Privileges
  readonly kernel: Kernel
  readonly conflists: Read<Conflists>
  readonly rules: Read<Rules>
  readonly runtimes: Read<readonly Runtime[]>
}

/** Reads everything, and asks nothing that would make the kernel load a module. */
export async function look(site: Site): Promise<Look> {
  const modules = readModuleLists()
  const counters = readCounters(modules)
  const { host } = await site.machine()
  const hasLegacyNat = [...host.legacyTables('ip'), ...host.legacyTables('ip6')].includes('nat')
  const effective = host.effectiveCapabilities()
  const privileges = { user: effectiveUser(), effective, hasLegacyNat }
  const isAsked = mayAsk(presenceOf('nf_tables', modules))
  const netfilter: Netfilter = isAsked ? await askNetfilter(site) : { is: 'not asked' }
  // Without CAP_NET_RAW one of the places cannot be seen, and the others can.
  const isAllowed = isAsked && !missingCapabilities(privileges).includes('CAP_NET_ADMIN')
  return {
    counters,
    privileges,
    kernel: { release: readSystemFile('/proc/sys/kernel/osrelease')?.trim() ?? '', modules, netfilter },
    conflists: await attempt('conflists', () => readConflists(site.confDir)),
    rules: await attempt('drift', () => (isAllowed ? readRules(site) : readWantedAlone(site))),
    runtimes: await attempt('result-caches', () => runningRuntimes(site.profile)),
  }
}

async function askNetfilter({ machine }: Site): Promise<Netfilter> {
  const { by, ...outcome } = await readBaseChains(machine)
  return outcome.ok
    ? { is: 'asked', by, chains: outcome.value }
    : { is: 'refused', failure: outcome.failure, said: outcome.said }
}
