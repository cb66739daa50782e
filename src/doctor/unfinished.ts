import type { SyncReport } from '../sync/sync'
import { error, type Finding, note, unseen } from './finding'

/** Things that a sync could not do or judge, in its own words. `known` has the lines that other checks report. */
export function checkSync(report: SyncReport, known: ReadonlySet<string>): readonly Finding[] {
  const check = 'sync'
  const { errors, warnings, pruned, isUncertain, unseen: places = [] } = report
  const hidden = new Set([...places, ...pruned.failures, ...(isUncertain ? warnings : [])])
  const isNew = (line: string) => !known.has(line)
  const others = (lines: readonly string[]) =>
    [...new Set(lines)].filter((line) => isNew(line) && !hidden.has(line))
  return [
    ...others(errors).map((what) =>
      error(check, {
        what,
        why: 'sync cannot do its whole job, and pods keep the rules that they have',
        mend: 'put that right; ip-masq sync --dry-run shows whether it is',
      }),
    ),
    ...[...hidden]
      .filter(isNew)
      .map((what) => unseen(check, { what, mend: 'put that right, and run ip-masq doctor again' })),
    ...others(warnings).map((what) => note(check, what)),
  ]
}
