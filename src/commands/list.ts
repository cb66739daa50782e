import type { Inspection } from '../backend/inspection'
import { printable, printLines } from '../cni/printable'
import { locator } from '../config/places'
import { describePolicy } from '../list/describe-policy'
import { readExpected } from '../list/expected'
import { filterRows } from '../list/filter'
import { findRows } from '../list/find-rows'
import { type Context, listJson, policiesJson } from '../list/json'
import { listPolicies } from '../list/policies'
import { type PolicyReport, reportPolicies } from '../list/report-policies'
import type { Row } from '../list/row'
import { HEADINGS, inOrder, tableOf } from '../list/table'
import { enterHostRoot } from './host-root'
import { namedAmong } from './named-directories'
import { requireRoot } from './root'
import type { ListOptions } from './rows/list'
import { alignColumns, writeTable } from './terminal'
import type { World } from './world'

/** `ip-masq list` lists every attachment that has rules here. It changes nothing. */
export async function listCommand(options: ListOptions, world: World): Promise<number> {
  requireRoot('list')
  if (options.root !== undefined) enterHostRoot(options.root)
  // The kernel is read first. Otherwise an attachment whose ADD comes in between would look as if it had no rules.
  const inspection = await world.backend().inspect()
  const expected = await readExpected(options, {
    hasRules: inspection.attachments.length > 0,
    named: namedAmong(options),
  })
  const policies = listPolicies(inspection)
  const all = inOrder(findRows({ inspection, policies, expected }))
  const { rows, absent } = filterRows(all, options)
  const context: Context = {
    inspection,
    problems: [...inspection.unseen, ...expected.problems],
    warnings: expected.warnings,
  }
  const isAll = rows.length === all.length
  const shown = isAll ? policies.all : policies.all.filter((one) => rows.some(({ policy }) => policy === one))
  if (options.policies) {
    await writePolicies(await reportPolicies(shown, rows, expected), context, { options, world })
  } else if (options.json) {
    await world.write(`${JSON.stringify(listJson(rows, context))}\n`)
  } else {
    await writeRows(rows, { isAll, inspection }, world)
  }
  const lines = [...placesInTrouble(inspection), ...context.warnings, ...context.problems, ...absent]
  if (lines.length > 0) await world.writeError(printLines(lines))
  return context.problems.length + absent.length > 0 ? 1 : 0
}

async function writeRows(
  rows: readonly Row[],
  { isAll, inspection }: { readonly isAll: boolean; readonly inspection: Inspection },
  world: World,
): Promise<void> {
  if (rows.length > 0) return writeTable(world, { headings: HEADINGS, rows: tableOf(rows) })
  if (isAll) await world.write(printLines([nothingIn(inspection, 'No attachment has rules here')]))
}

function nothingIn({ places }: Inspection, what: string): string {
  return `${what}; looked in ${places.map(({ name }) => name).join(' and ')}`
}

async function writePolicies(
  reports: readonly PolicyReport[],
  context: Context,
  { options, world }: { readonly options: ListOptions; readonly world: World },
): Promise<void> {
  const locate = locator()
  if (options.json) {
    await world.write(`${JSON.stringify(await policiesJson(reports, context, locate))}\n`)
    return
  }
  for (const [i, report] of reports.entries()) {
    const { heading, parts, notes } = await describePolicy(report, locate)
    if (i > 0) await world.write('\n')
    await world.writeHeading(printable(heading))
    for (const { title, rows } of parts) {
      await world.write(printLines([`  ${title}${rows.length > 0 ? ':' : ''}`]))
      await world.write(
        alignColumns(rows)
          .map((line) => `    ${line}\n`)
          .join(''),
      )
    }
    await world.write(printLines(notes.map((note) => `  ${note}`)))
  }
  if (reports.length === 0)
    await world.write(printLines([nothingIn(context.inspection, 'No policy is here')]))
}

/** Faults that concern all pods of a place. Only sync and an ADD repair them. */
function placesInTrouble({ places }: Inspection): string[] {
  return places.flatMap(({ name, differences }) =>
    differences.map((difference) => `${name}: ${difference}; ip-masq sync repairs it`),
  )
}
