import { VERSION } from '../system/version'
import { explain, unknownCommand } from './help'
import type { Load } from './load'
import { ABOUT, OVERVIEW } from './overview'
import { type CommandName, isCommandName, ROWS } from './rows'
import { parseCommand } from './table/parse'
import type { World } from './world'

/** The words that an operator typed after "ip-masq", and the environment. */
interface Typed {
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

interface Edge {
  readonly world: World
  readonly load: Load
}

/** Returns the exit status. Throws a UsageError for a command line that cannot be used. */
export async function run(typed: Typed, { world, load }: Edge): Promise<number> {
  const [name, ...rest] = typed.args
  if (name === undefined) {
    await world.writeError(ABOUT)
    return 0
  }
  if (isCommandName(name)) return runCommand(name, { ...typed, args: rest }, { world, load })
  const text = rest.length > 0 ? undefined : printed(name)
  if (text === undefined) throw unknownCommand(typed.args)
  await world.write(text)
  return 0
}

function printed(flag: string): string | undefined {
  if (flag === '--version') return `${VERSION}\n`
  return flag === '--help' || flag === '-h' ? OVERVIEW : undefined
}

/** This is generic so that the compiler checks that each command gets the values of its own row. */
async function runCommand<Name extends CommandName>(
  name: Name,
  { args, environment }: Typed,
  { world, load }: Edge,
): Promise<number> {
  const row = ROWS[name]
  const options = parseCommand(row, args, environment)
  if (options === undefined) return explain(row, world)
  const command = await load[name]()
  return command(options, world)
}
