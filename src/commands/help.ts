import { OVERVIEW } from './overview'
import { isCommandName, ROWS } from './rows'
import type { HelpOptions } from './rows/help'
import type { CommandRow } from './table/command'
import { helpOf } from './table/help-text'
import { suggestion } from './table/suggestion'
import { UsageError } from './table/usage-error'
import type { World } from './world'

/** `ip-masq help [COMMAND]`. */
export async function helpCommand({ command, man }: HelpOptions, world: World): Promise<number> {
  if (man) {
    if (command !== undefined)
      throw new UsageError('Cannot use --man with a command: the manual has all of them')
    const { DOCUMENTS } = await import('./documents')
    await world.write(DOCUMENTS.man.render(Object.values(ROWS)))
    return 0
  }
  if (command === undefined) {
    await world.write(OVERVIEW)
    return 0
  }
  if (!isCommandName(command)) throw unknownCommand([command])
  return explain(ROWS[command], world)
}

/** Prints everything in a command's row. */
export async function explain(row: CommandRow, world: World): Promise<number> {
  for (const [at, { heading, lines }] of helpOf(row).entries()) {
    if (at > 0) await world.write('\n')
    if (heading !== undefined) await world.writeHeading(heading)
    await world.write(lines.map((line) => `${line}\n`).join(''))
  }
  return 0
}

/** `words` are the words that were typed after "ip-masq". */
export function unknownCommand(words: readonly string[]): UsageError {
  const [word = ''] = words
  const near = suggestion(word, [...Object.keys(ROWS), '--help', '--version'])
  const help = 'see ip-masq --help'
  const isNear = near !== undefined && near !== word
  const advice = isNear
    ? `write ip-masq ${near} if that is meant, or ${help}`
    : `ip-masq has no such command; ${help}`
  return new UsageError(`Cannot use ${JSON.stringify(words.join(' '))}: ${advice}`)
}
