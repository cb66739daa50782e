import { describeRule } from '../primary/take-over'
import { listedName } from '../sync/kept'
import { isUnproven, type PruneReport } from '../sync/prune'
import type { SyncReport } from '../sync/sync'
import { examples } from './examples'
import { type Finding, note, warning } from './finding'

/** Rules that should not be there: those of pods that are gone, and of plugins whose masquerade is off. */

export function checkStale({ removed, kept, policies }: PruneReport): readonly Finding[] {
  const check = 'stale-rules'
  const unproven = kept
    .filter(isUnproven)
    .map(({ listed, verdict }) => `${listedName(listed)}, because ${verdict.because}`)
  return [
    ...(removed.length === 0
      ? []
      : [
          warning(check, {
            what: `there are rules of ${count(removed.length, 'that ')} proven to be gone: ${examples(removed.map(listedName))}`,
            why: 'a pod that gets such an address without an ADD of ip-masq is masqueraded too',
            mend: 'ip-masq gc',
          }),
        ]),
    ...(unproven.length === 0
      ? []
      : [
          warning(check, {
            what: `nothing shows whether ${count(unproven.length)} gone: ${examples(unproven)}`,
            why: 'no result cache has them, so their rules stay',
            mend: 'ip-masq gc --address ADDRESS removes the rules of one that you know to be gone',
          }),
        ]),
    ...(policies.length === 0
      ? []
      : [note(check, `no pod has ${policies.join(', ')}`, { mend: 'ip-masq gc' })]),
  ]
}

/** `1 attachment is`, `2 attachments that are` */
function count(attachments: number, that = ''): string {
  return attachments === 1 ? `1 attachment ${that}is` : `${attachments} attachments ${that}are`
}

export function checkPrimaryRules({ removed }: SyncReport['primary']): readonly Finding[] {
  if (removed.length === 0) return []
  return [
    warning('primary-masquerade', {
      what: `a plugin whose masquerade is off has left rules: ${examples(removed.map(describeRule))}`,
      why: "exempt destinations see the node's address from these pods",
      mend: 'ip-masq sync',
    }),
  ]
}
