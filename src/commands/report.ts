import { type Change, LATER_ADD, type Listed } from '../backend/backend'
import type { Attachment } from '../cni/attachment'
import { printLines } from '../cni/printable'
import { formatAddress } from '../policy/address-text'
import { describeRule } from '../primary/take-over'
import { listedName, nameOf, renderKept } from '../sync/kept'
import type { PruneReport } from '../sync/prune'
import type { OwnList, SyncReport } from '../sync/sync'
import { listedJson } from './report-json'

/** The report of a sync or gc, for people: one line for each attachment that changed, and a count. */

const TENSES = { restored: 'would restore', changed: 'would change', removed: 'would remove' } as const

export interface Rendering {
  readonly dryRun: boolean
}

export function renderSync(report: SyncReport, rendering: Rendering): string {
  const { script } = report
  const lines = syncLines(report, rendering).map(({ text }) => text)
  return printLines(lines) + (rendering.dryRun && script !== '' ? `\n${script.trimEnd()}\n` : '')
}

/** The lines of a sync, with details of each for programs. */
export function syncLines(report: SyncReport, { dryRun }: Rendering): ReportLine[] {
  const { changes, held, repairs, pruned, primary, warnings, errors, found, places, ownLists } = report
  const changed = changes.length + pruned.removed.length
  const others = repairs.length + pruned.policies.length + primary.removed.length
  const removed = dryRun ? TENSES.removed : 'removed'
  return [
    // Nearly every node has one cache, which is not worth a line.
    ...(places.length > 1
      ? places.map(({ directory, runtime }) => `read ${directory} (${runtime})`)
      : []
    ).map((text) => line('read', text)),
    ...warnings.map((warning) => line('warning', `warning: ${warning}`, { level: 'warning' })),
    ...repairs.map((repair) => line('repaired', `${dryRun ? 'would repair' : 'repaired'} ${repair}`)),
    ...changes.map((change) =>
      line(change.what, renderChange(change, { dryRun, ownLists }), { about: about(change) }),
    ),
    ...(dryRun ? ownLists.map((list) => line('own-list', renderOwnList(list))) : []),
    ...held.map(({ attachment, address, holder }) =>
      line(
        'left-alone',
        `left alone ${formatAddress(address)} of ${nameOf(attachment)}: ${holder} ${holder === LATER_ADD ? 'has given it up' : 'holds it'}`,
        { about: about({ attachment, addresses: [address] }) },
      ),
    ),
    ...pruned.removed.map((listed) =>
      line('removed', renderRemoved(listed, removed), { about: listedJson(listed) }),
    ),
    ...pruned.policies.map((policy) => line('removed-policy', renderRemovedPolicy(policy, removed))),
    ...renderKept(pruned.kept).map((text) => line('kept', text)),
    ...primary.removed.map((rule) => line('removed-primary-rule', `${removed} ${describeRule(rule)}`)),
    ...errors.map((error) => line('error', `error: ${error}`, { level: 'error' })),
    line(
      'synced',
      `${count(found, 'attachment')}${ownLists.length > 0 ? `, ${ownLists.length} with a list of its own` : ''}, ${changed + others === 0 ? 'nothing to do' : dryRun ? `would change ${changed}` : `${changed} changed`}`,
      { about: { found, changed } },
    ),
  ]
}

export interface ReportLine {
  readonly level: Level
  /** The event in one word, for programs. */
  readonly event: string
  /** The text for people. */
  readonly text: string
  /** The subject as JSON. */
  readonly about?: Readonly<Record<string, unknown>>
}

export type Level = 'info' | 'warning' | 'error'

function line(
  event: string,
  text: string,
  more: { readonly level?: Level; readonly about?: Readonly<Record<string, unknown>> } = {},
): ReportLine {
  return { level: 'info', event, text, ...more }
}

function about({ attachment, addresses }: Pick<Change, 'attachment' | 'addresses'>) {
  const { network, containerID, ifname, pod } = attachment
  return { network, containerID, ifname, pod, addresses: addresses.map(formatAddress) }
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
    ...removed.map((listed) => renderRemoved(listed, verb)),
    ...policies.map((policy) => renderRemovedPolicy(policy, verb)),
    ...renderKept(kept),
  ]
}

function renderRemoved(listed: Listed, verb: string): string {
  return `${verb} ${listedName(listed)}: ${listed.addresses.map(formatAddress).join(', ')}`
}

function renderRemovedPolicy(policy: string, verb: string): string {
  return `${verb} ${policy}, which no pod has`
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
