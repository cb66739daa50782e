import { type Change, LATER_ADD, type Listed } from '../backend/backend'
import type { Attachment } from '../cni/attachment'
import { printLines } from '../cni/printable'
import { formatAddress } from '../policy/address'
import type { PrimaryRule } from '../primary/firewall'
import { describeRule } from '../primary/take-over'
import { listedName, nameOf, renderKept } from '../sync/kept'
import type { Judged, PruneReport } from '../sync/prune'
import type { OwnList, SyncReport } from '../sync/sync'

/** What a sync or gc did, for people: a line for each attachment that changed, and a count. */

const TENSES = { restored: 'would restore', changed: 'would change', removed: 'would remove' } as const

export interface Rendering {
  readonly dryRun: boolean
}

export function renderSync(report: SyncReport, { dryRun }: Rendering): string {
  const { changes, held, repairs, pruned, primary, warnings, errors, found, places, ownLists, script } =
    report
  const changed = changes.length + pruned.removed.length
  const lines = [
    // One is the rule, and not worth a line.
    ...(places.length > 1 ? places.map(({ directory, runtime }) => `read ${directory} (${runtime})`) : []),
    ...warnings.map((warning) => `warning: ${warning}`),
    ...repairs.map((repair) => `${dryRun ? 'would repair' : 'repaired'} ${repair}`),
    ...changes.map((change) => renderChange(change, { dryRun, ownLists })),
    ...(dryRun ? ownLists.map(renderOwnList) : []),
    ...held.map(
      ({ attachment, address, holder }) =>
        `left alone ${formatAddress(address)} of ${nameOf(attachment)}: ${holder} ${holder === LATER_ADD ? 'has given it up' : 'holds it'}`,
    ),
    ...renderPruned(pruned, dryRun),
    ...primary.removed.map((rule) => `${dryRun ? TENSES.removed : 'removed'} ${describeRule(rule)}`),
    ...errors.map((error) => `error: ${error}`),
    `${count(found, 'attachment')}${ownLists.length > 0 ? `, ${ownLists.length} with a list of its own` : ''}, ${changed + repairs.length + pruned.policies.length + primary.removed.length === 0 ? 'nothing to do' : dryRun ? `would change ${changed}` : `${changed} changed`}`,
  ]
  return printLines(lines) + (dryRun && script !== '' ? `\n${script.trimEnd()}\n` : '')
}

export function renderGc(pruned: PruneReport, { dryRun }: Rendering): string {
  const lines = [
    ...renderPruned(pruned, dryRun),
    ...pruned.failures.map((failure) => `error: ${failure}`),
    pruned.removed.length + pruned.policies.length === 0
      ? 'nothing to do'
      : `${count(pruned.removed.length, 'attachment')} and ${count(pruned.policies.length, 'policy', 'policies')} ${dryRun ? 'to remove' : 'removed'}`,
  ]
  return printLines(lines)
}

function renderPruned({ removed, policies, kept }: PruneReport, dryRun: boolean): string[] {
  const verb = dryRun ? TENSES.removed : 'removed'
  return [
    ...removed.map(
      (listed) => `${verb} ${listedName(listed)}: ${listed.addresses.map(formatAddress).join(', ')}`,
    ),
    ...policies.map((policy) => `${verb} ${policy}, which no pod has`),
    ...renderKept(kept),
  ]
}

function renderChange(
  { attachment, what, addresses }: Change,
  { dryRun, ownLists }: Rendering & Pick<SyncReport, 'ownLists'>,
): string {
  const verb = dryRun ? TENSES[what] : what
  const own = ownLists.find((list) => isSame(list.attachment, attachment))
  const by = own
    ? `, with the pod's own list of ${count(own.nonMasqueradeCIDRs.length, 'prefix', 'prefixes')}`
    : ''
  return `${verb} ${nameOf(attachment)}: ${addresses.map(formatAddress).join(', ')}${by}`
}

function renderOwnList({ attachment, nonMasqueradeCIDRs }: OwnList): string {
  return `the pod's own list of ${nameOf(attachment)}: ${nonMasqueradeCIDRs.join(', ') || 'empty'}`
}

function isSame(a: Attachment, b: Attachment): boolean {
  return a.containerID === b.containerID && a.ifname === b.ifname
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`
}

/** The report for programs. */
export function syncJson(report: SyncReport): unknown {
  const { found, places, ownLists, changes, held, repairs, pruned, primary, warnings, errors, script } =
    report
  return {
    found,
    caches: places.map(({ directory, runtime }) => ({ directory, runtime })),
    ownLists: ownLists.map(({ attachment, nonMasqueradeCIDRs }) => ({ ...attachment, nonMasqueradeCIDRs })),
    changes: changes.map(({ attachment, what, addresses }) => ({
      ...attachment,
      what,
      addresses: addresses.map(formatAddress),
    })),
    held: held.map(({ attachment, address, holder }) => ({
      ...attachment,
      address: formatAddress(address),
      holder,
    })),
    repairs,
    ...gcJson(pruned),
    primaryRules: {
      removed: primary.removed.map(primaryJson),
      kept: primary.kept.map(({ rule, why }) => ({ ...primaryJson(rule), why })),
    },
    warnings,
    errors,
    script,
  }
}

export function gcJson({ removed, policies, kept, failures }: PruneReport) {
  return { removed: removed.map(listedJson), policies, kept: kept.map(keptJson), failures }
}

function keptJson({ listed, verdict }: Judged) {
  return { ...listedJson(listed), verdict: verdict.is, reason: verdict.because }
}

function listedJson({ note, addresses }: Listed) {
  const { network, containerID, ifname, pod } = note ?? { network: '', containerID: '', ifname: '', pod: '' }
  return { network, containerID, ifname, pod, addresses: addresses.map(formatAddress) }
}

function primaryJson({ address, firewall, key, containerID }: PrimaryRule) {
  return { address: address ? formatAddress(address) : null, firewall, key, containerID }
}
