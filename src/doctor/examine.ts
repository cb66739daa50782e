import type { SyncReport } from '../sync/sync'
import { checkAsCheck } from './as-check'
import { guarded, ifRead, whatWasRead } from './attempt'
import { checkBackends } from './backends'
import { checkCaches } from './caches'
import { checkConflists, type OwnNetwork } from './conflists'
import { checkLosses, checkTableSize, readTableSize } from './conntrack'
import { readCounters } from './counters'
import { checkDrift } from './drift'
import { checkExecutables } from './executable'
import { readExecutables } from './executables'
import { type Finding, note } from './finding'
import { checkForeign, readOthers } from './foreign'
import { checkBridge, checkForwarding, readForwarding } from './forwarding'
import { checkHooks, foreignChains, ownChain } from './hooks'
import { checkKeeper, readKeepers } from './keeper'
import { absentForNat, checkNat, checkNetfilter, checkRelease } from './kernel'
import { type Look, look } from './look'
import { mayAsk, presenceOf } from './modules'
import { checkDropIns, checkNetworks, checkPrimary } from './networks'
import { checkPrivileges } from './privileges'
import { checkReversePath, readWaysOut } from './reverse-path'
import { checkUnasked, type Rules } from './rules'
import type { Site } from './site'
import { checkSourcePorts, isWorthALook, portsOf, readConnections, TOO_FEW } from './source-ports'
import { checkPrimaryRules, checkStale } from './stale'
import { checkKinds, checkTools, readTools } from './tools'
import { checkSync } from './unfinished'

/** Findings that belong together on a page. */
export interface Group {
  readonly title: string
  readonly findings: readonly Finding[]
}

/** Makes all checks. Nothing is changed. If something cannot be looked at, that is a finding too. */
export async function examine(site: Site): Promise<readonly Group[]> {
  const seen = await look(site)
  const groups: Group[] = []
  for (const [title, find] of GROUPS) groups.push({ title, findings: await find(site, seen) })
  return groups
}

type Find = (site: Site, seen: Look) => Promise<readonly Finding[]>

const GROUPS: readonly (readonly [string, Find])[] = [
  ['Executable', executable],
  ['Tools', tools],
  ['Kernel', kernel],
  ['Forwarding', forwarding],
  ['Networks', networks],
  ['Rules', rules],
  ['Connections', connections],
]

function executable({ binDir, otherBinDirs }: Site, seen: Look): Promise<readonly Finding[]> {
  return guarded('executable', () =>
    checkExecutables(readExecutables(binDir, otherBinDirs), ownNetworks(seen).length > 0),
  )
}

async function tools({ machine }: Site, seen: Look): Promise<readonly Finding[]> {
  const { run, host } = await machine()
  const { netfilter } = seen.kernel
  const needs = {
    nft:
      (netfilter.is === 'asked' && netfilter.by === 'nft') ||
      ownNetworks(seen).some(({ setting }) => setting?.carrier === 'nft'),
    iptables: ownNetworks(seen).some(({ setting }) => setting?.backend === 'iptables'),
  }
  const mayStart = mayOpenSockets(seen)
  const hasNftNat =
    mayStart &&
    netfilter.is === 'asked' &&
    netfilter.chains.some(({ family, table }) => family === 'ip' && table === 'nat')
  return [
    ...(await guarded('nft', () => checkTools(readTools(run, host, mayStart), needs))),
    ...checkKinds({ nft: hasNftNat, legacy: seen.privileges.hasLegacyNat }),
  ]
}

/**
 * A socket of netfilter loads the part of the kernel that it is for. nft and iptables-nft also open one when they
 * start.
 */
function mayOpenSockets({ kernel: { modules } }: Look): boolean {
  return mayAsk(presenceOf('nfnetlink', modules))
}

const UNTRIED = note('backends', 'whether an ADD would work was not tried', {
  why: 'a try would load a part of the kernel (nfnetlink)',
})

async function kernel({ backend }: Site, seen: Look): Promise<readonly Finding[]> {
  return [
    ...checkPrivileges(seen.privileges),
    ...checkRelease(seen.kernel.release),
    ...checkNetfilter(seen.kernel),
    ...checkNat(seen.kernel),
    ...(mayOpenSockets(seen)
      ? await guarded('backends', () =>
          checkBackends(backend(), ownNetworks(seen), absentForNat(seen.kernel)),
        )
      : [UNTRIED]),
  ]
}

async function forwarding({ machine }: Site, seen: Look): Promise<readonly Finding[]> {
  const { run, host } = await machine()
  const read = readForwarding()
  const hasBridge = ownNetworks(seen).some(({ network }) =>
    network.plugins.some(({ type }) => type === 'bridge' || type === 'flannel'),
  )
  return [
    ...checkForwarding(read, whatWasRead(seen.rules)?.families),
    ...(await guarded('reverse-path-filter', () =>
      checkReversePath(readWaysOut('file' in host.findTool('ip') ? run : undefined)),
    )),
    ...checkBridge(read, hasBridge),
  ]
}

async function networks({ cacheDirs, areCachesNamed }: Site, seen: Look): Promise<readonly Finding[]> {
  const { conflists, rules: read } = seen
  const runtimes = whatWasRead(seen.runtimes) ?? []
  const rules = whatWasRead(read)
  return [
    ...('unseen' in conflists ? [conflists.unseen] : []),
    ...ifRead(conflists, (value) => [
      ...checkConflists(value),
      ...checkNetworks(value),
      ...checkPrimary(value),
      ...checkDropIns(value, runtimes),
    ]),
    ...('unseen' in seen.runtimes ? [seen.runtimes.unseen] : []),
    ...(rules === undefined
      ? []
      : checkCaches({
          cacheDirs,
          areNamed: areCachesNamed,
          runtimes,
          places: rules.cache.places,
          absent: rules.cache.absent,
          hasRules: rules.standing === undefined ? undefined : rules.standing > 0,
        })),
  ]
}

async function rules(site: Site, seen: Look): Promise<readonly Finding[]> {
  const {
    kernel: { netfilter },
    rules: read,
  } = seen
  const chains = netfilter.is === 'asked' ? netfilter.chains : []
  return [
    ...('unseen' in read ? [read.unseen] : await rulesRead(site, seen, read.value)),
    ...checkHooks(chains),
    ...(await guarded('keeper', () => checkKeeper(readKeepers()))),
  ]
}

async function rulesRead(site: Site, seen: Look, read: Rules): Promise<readonly Finding[]> {
  const { report } = read
  const { netfilter } = seen.kernel
  if (!report) return netfilter.is === 'not asked' ? checkUnasked(read, seen.privileges.hasLegacyNat) : []
  return [
    ...checkDrift(report),
    ...checkStale(report.pruned),
    ...checkPrimaryRules(report.primary),
    ...checkSync(report, linesOfOthers(seen)),
    ...(await guarded('check', () => checkAsCheck(site.backend(), report))),
    ...(await guarded('foreign-masquerade', () => foreign(site, seen, report))),
  ]
}

async function foreign(
  { machine }: Site,
  { kernel: { netfilter }, privileges: { hasLegacyNat } }: Look,
  report: SyncReport,
) {
  const { run, host } = await machine()
  const chains = netfilter.is === 'asked' ? netfilter.chains : []
  const others = readOthers(run, host, foreignChains(chains).length > 0 || hasLegacyNat)
  return checkForeign(others, report.wanted, ownChain(chains) ? 'nftables' : 'iptables')
}

async function connections(
  _: Site,
  { counters, kernel: { modules }, rules: read }: Look,
): Promise<readonly Finding[]> {
  const size = readTableSize()
  if (!size) return checkTableSize(size)
  const ports = portsOf(whatWasRead(read)?.report?.wanted ?? [])
  return [
    ...checkTableSize(size),
    ...checkLosses({ before: counters, after: readCounters(modules) }),
    ...(await guarded('source-ports', () =>
      isWorthALook(size.count, ports) ? checkSourcePorts(readConnections(ports)) : [TOO_FEW],
    )),
  ]
}

function ownNetworks({ conflists }: Look): readonly OwnNetwork[] {
  return whatWasRead(conflists)?.own ?? []
}

/** The lines of sync that other checks report already. */
function linesOfOthers({ conflists, rules: read }: Look): ReadonlySet<string> {
  const value = whatWasRead(conflists)
  const own = value?.own ?? []
  return new Set([
    ...(value?.read.problems ?? []).map((problem) => `skipped ${problem}`),
    ...own.flatMap(({ network, warnings }) =>
      warnings.map((warning) => `network ${network.name}: ${warning}`),
    ),
    ...own.map(({ network, fault }) => `network ${network.name}: ${fault}`),
    ...(whatWasRead(read)?.cache.lines ?? []),
  ])
}
