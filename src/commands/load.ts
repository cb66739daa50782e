import type { CommandName, ROWS } from './rows'
import type { Parsed } from './table/command'
import type { World } from './world'

/** Returns the exit status. */
export type Command<Name extends CommandName> = (
  options: Parsed<(typeof ROWS)[Name]>,
  world: World,
) => Promise<number>

export type Load = { readonly [Name in CommandName]: () => Promise<Command<Name>> }

/** Loads the code of a command when it is used. */
export const LOAD: Load = {
  list: async () => (await import('./list')).listCommand,
  sync: async () => (await import('./sync')).syncCommand,
  gc: async () => (await import('./gc')).gcCommand,
  metrics: async () => (await import('./metrics')).metricsCommand,
  explain: async () => (await import('./explain')).explainCommand,
  install: async () => (await import('./install')).installCommand,
  uninstall: async () => (await import('./uninstall')).uninstallCommand,
  doctor: async () => (await import('./doctor')).doctorCommand,
  validate: async () => (await import('./validate')).validateCommand,
  convert: async () => (await import('./convert')).convertCommand,
  completion: async () => (await import('./completion')).completionCommand,
  help: async () => (await import('./help')).helpCommand,
}
