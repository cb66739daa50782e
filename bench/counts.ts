import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ARCHITECTURES, type Architecture, thisArchitecture } from '../scripts/packaging/architecture'
import { type Budget, budgetFor, compareWithBudget, withBudget } from './budget'
import { count } from './count'

/**
 * scripts/bench counts [--check | --write]: the instructions and page faults of single calls, which are the same on a busy
 * machine and on a quiet one. --check compares them with bench/budget.json and is a step of the gate; --write makes them
 * the budget.
 */

const BUDGET = new URL('budget.json', import.meta.url)

function readBudgets(): Partial<Record<Architecture, readonly Budget[]>> {
  return JSON.parse(readFileSync(BUDGET, 'utf8'))
}

function compilerOf(architecture: Architecture): string {
  const text = execFileSync(ARCHITECTURES[architecture].compiler, ['--version'], { encoding: 'utf8' })
  return text.split('\n')[0]?.replace(/^\S+ /, 'gcc ') ?? ''
}

const say = (line: string) => writeSync(1, `${line}\n`)
const { values } = parseArgs({ options: { check: { type: 'boolean' }, write: { type: 'boolean' } } })
const architecture = thisArchitecture()
const own: Budget = { compiler: compilerOf(architecture), calls: await count() }
for (const [command, { instructions, faults }] of Object.entries(own.calls))
  say(`${command}: ${instructions} instructions, ${faults} page faults`)
if (values.write) {
  const budgets = readBudgets()
  const all = { ...budgets, [architecture]: withBudget(own, budgets[architecture] ?? []) }
  writeFileSync(BUDGET, `${JSON.stringify(all, null, 2)}\n`)
} else if (values.check) {
  const budget = budgetFor(own.compiler, readBudgets()[architecture] ?? [])
  if (!budget)
    throw new Error(
      `bench/budget.json has no budget for ${architecture}: add one with scripts/bench counts --write`,
    )
  const { failures, hints } = compareWithBudget(own, budget)
  for (const line of [...failures, ...hints]) say(line)
  process.exitCode = failures.length > 0 ? 1 : 0
}
