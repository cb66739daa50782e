import type { Change, Held } from '../backend/backend'
import { formatAddress } from '../policy/address-text'
import { nameOf } from '../sync/kept'
import type { SyncReport } from '../sync/sync'
import { attachmentsHave, examples } from './examples'
import { error, type Finding, ok, warning } from './finding'
import { NOT_MASQUERADED } from './rules'

/**
 * The differences between the kernel and what the conflists and the result caches ask for. A sync would remove them.
 */

export function checkDrift(
  report: Pick<SyncReport, 'changes' | 'repairs' | 'held' | 'wanted'>,
): readonly Finding[] {
  const findings = [...missing(report), ...changed(report), ...unrepaired(report), ...heldByOthers(report)]
  return findings.length > 0 ? findings : [ok(CHECK, agreement(report.wanted.length))]
}

const CHECK = 'drift'
const MEND = 'ip-masq sync; ip-masq sync --dry-run shows each change'

function missing({ changes }: Pick<SyncReport, 'changes'>): readonly Finding[] {
  const restored = changes.filter(({ what }) => what === 'restored')
  if (restored.length === 0) return []
  const who = restored.length === 1 ? '1 attachment lacks' : `${restored.length} attachments lack`
  const what = `${who} rules: ${examples(restored.map(nameOfChange))}`
  return [error(CHECK, { what, why: NOT_MASQUERADED, mend: MEND })]
}

function changed({ changes }: Pick<SyncReport, 'changes'>): readonly Finding[] {
  const other = changes.filter(({ what }) => what === 'changed')
  if (other.length === 0) return []
  const what = `${attachmentsHave(other.length)} other rules than the conflist asks for now: ${examples(other.map(nameOfChange))}`
  return [
    warning(CHECK, {
      what,
      why: 'their new connections follow an older conflist',
      mend: MEND,
    }),
  ]
}

/** Without pods there are no shared rules. */
function unrepaired({ repairs, wanted }: Pick<SyncReport, 'repairs' | 'wanted'>): readonly Finding[] {
  if (repairs.length === 0 || wanted.length === 0) return []
  const what = `the chains and maps that all pods share are not as they should be: ${repairs.join('; ')}`
  const why = 'pods may be without rules, or with others than the conflist asks for'
  return [error(CHECK, { what, why, mend: MEND })]
}

function heldByOthers({ held }: Pick<SyncReport, 'held'>): readonly Finding[] {
  if (held.length === 0) return []
  return [
    warning(CHECK, {
      what: `another attachment has the rules of an address that a result cache has: ${examples(held.map(describeHeld))}`,
      why: 'one of the two is gone, or two pods have one address',
      mend: 'ip-masq gc; ip-masq gc --dry-run shows what goes',
    }),
  ]
}

function agreement(count: number): string {
  if (count === 0) return 'there is no attachment here that should have rules'
  return `${attachmentsHave(count)} the rules that the conflists ask for`
}

function nameOfChange({ attachment, addresses }: Change): string {
  return `${nameOf(attachment)} with ${addresses.map(formatAddress).join(' and ')}`
}

function describeHeld({ attachment, address, holder }: Held): string {
  return `${formatAddress(address)} of ${nameOf(attachment)}, held by ${holder}`
}
