import { OVERVIEW } from './overview'
import { isCommandName, ROWS } from './rows'
import type { HelpOptions } from './rows/help'
import type { CommandRow } from './table/command'
import { helpOf } from './table/help-text'
import { suggestion } from './table/suggestion'
import { UsageError } from './table/usage-error'
import type { World } from './world'

/** `ip-masq help [COMMAND]`. */
export async function helpCommand({ command }: HelpOptions, world: World): Promise<number> {
  if (command === undefined) {
    await world.write(OVERVIEW)
    return 0
  }
  if (!isCommandName(command)) throw unknownCommand([command])
  return explain(ROWS[command], world)
}

/** Prints all that a command's row says. */
export async function explain(row: CommandRow, world: World): Promise<number> {
  for (const { heading, text } of helpOf(row)) {
    if (heading !== undefined) await world.writeHeading(heading)
    await world.write(text)
  }
  return 0
}

/** `words`: what was typed after "ip-masq". */
export function unknownCommand(words: readonly string[]): UsageError {
  const [word = ''] = words
  const near = suggestion(word, [...Object.keys(ROWS), '--help', '--version'])
  const help = 'see ip-masq --help'
  const advice =
    near === undefined || near === word ? help : `write ip-masq ${near} if that is meant, or ${help}`
  return new UsageError(`Cannot use ${JSON.stringify(words.join(' '))}: ${advice}`)
}
