import type { CommandRow } from '../table/command'
import { COMPLETION } from './completion'
import { CONVERT } from './convert'
import { DOCTOR } from './doctor'
import { EXPLAIN } from './explain'
import { GC } from './gc'
import { HELP } from './help'
import { INSTALL } from './install'
import { LIST } from './list'
import { METRICS } from './metrics'
import { SYNC } from './sync'
import { UNINSTALL } from './uninstall'
import { VALIDATE } from './validate'

/**
 * All commands by their names, in the order of the help: commands that look, commands that change something, and the
 * rest.
 */
export const ROWS = {
  list: LIST,
  explain: EXPLAIN,
  doctor: DOCTOR,
  validate: VALIDATE,
  metrics: METRICS,
  sync: SYNC,
  gc: GC,
  install: INSTALL,
  uninstall: UNINSTALL,
  convert: CONVERT,
  completion: COMPLETION,
  help: HELP,
} as const satisfies Readonly<Record<string, CommandRow>>

export type CommandName = keyof typeof ROWS

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(ROWS, name)
}
