import { epochSeconds } from '#system/clock'
import { renderLine, timeOf } from '../log/line'
import type { Level, ReportLine } from './report'
import type { World } from './world'

/** The log of a watch for programs: an object in each line. */

/** Makes the lines of `--log-format json` from the lines that a sync would print. */
export function renderJsonLines(lines: readonly ReportLine[]): string {
  return lines.map(({ text, ...rest }) => jsonLine({ ...rest, msg: text })).join('')
}

interface Entry {
  readonly level: Level
  readonly event?: string
  readonly about?: Readonly<Record<string, unknown>>
  readonly msg: string
}

function jsonLine({ level, event, about, msg }: Entry): string {
  const named = event === undefined ? {} : { event }
  return `${renderLine({ time: timeOf(epochSeconds()), level, ...named, ...about, msg })}\n`
}

/** The same world, except that each line of stdout and each message on stderr becomes an object. */
export function jsonWorld(world: World): World {
  return {
    ...world,
    write: (text) =>
      world.write(
        linesOf(text)
          .map((msg) => jsonLine({ level: 'info', msg }))
          .join(''),
      ),
    writeError: (text, level) =>
      world.writeError(jsonLine({ level: level ?? 'warning', msg: text.trimEnd() })),
  }
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}
