import { VERSION } from '../system/version'
import { explain, unknownCommand } from './help'
import { LOAD } from './load'
import { ABOUT, OVERVIEW } from './overview'
import { type CommandName, isCommandName, ROWS } from './rows'
import { parseCommand } from './table/parse'
import type { World } from './world'

type Environment = Readonly<Record<string, string | undefined>>

/** What an operator typed after "ip-masq". Returns the exit status; a command line that cannot be used is a UsageError. */
export async function run(args: readonly string[], environment: Environment, world: World): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined) {
    await world.writeError(ABOUT)
    return 0
  }
  if (isCommandName(name)) return runCommand(name, { args: rest, environment }, world)
  const text = rest.length > 0 ? undefined : printed(name)
  if (text === undefined) throw unknownCommand(args)
  await world.write(text)
  return 0
}

function printed(flag: string): string | undefined {
  if (flag === '--version') return `${VERSION}\n`
  return flag === '--help' || flag === '-h' ? OVERVIEW : undefined
}

interface Typed {
  readonly args: readonly string[]
  readonly environment: Environment
}

async function runCommand<Name extends CommandName>(
  name: Name,
  { args, environment }: Typed,
  world: World,
): Promise<number> {
  const row = ROWS[name]
  const options = parseCommand(row, args, environment)
  if (options === undefined) return explain(row, world)
  const command = await LOAD[name]()
  return command(options, world)
}
