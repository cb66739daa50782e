import { environment } from '#system/program'
import { isTerminal, write, writeSome } from '#system/streams'
import { CniError } from './cni/error'
import { printableText, printLines } from './cni/printable'
import { toOperatorError } from './commands/error-text'
import { LOAD } from './commands/load'
import { run } from './commands/run'
import { UsageError } from './commands/table/usage-error'
import type { World } from './commands/world'
import { errorCode } from './system/errors'
import { inPlainWords } from './system/plain-words'
import type { Output } from './system/streams'

/** The process edge of the operator's commands: what they read and write of the process. */

let isStaying = false
let isAnyHeldUp = () => false

/** A write has not come back, and is not waited for. */
export function isHeldUp(): boolean {
  return isAnyHeldUp()
}

type Write = (text: string) => Promise<void>
let writeAs: Readonly<Record<Output, Write>> = {
  1: async (text) => writeNow(1, text),
  2: async (text) => writeNow(2, text),
}

const OUTPUT_NAMES: Readonly<Record<Output, string>> = { 1: 'stdout', 2: 'stderr' }

/** A full disk below a redirection is the operator's to mend, and no defect of ours. */
function writeNow(output: Output, text: string): void {
  try {
    write(output, text)
  } catch (error) {
    if (!(error instanceof Error) || errorCode(error) === 'EPIPE') throw error
    throw new CniError('ioFailure', `Cannot write to ${OUTPUT_NAMES[output]}: ${inPlainWords(error)}`)
  }
}

type Machine = Pick<World, 'backend' | 'machine' | 'primaryFirewalls'>

function worldOn(machine: Machine): World {
  // https://no-color.org: an empty one counts as none.
  const [bold, plain] = isTerminal(1) && !environment().NO_COLOR ? ['\x1b[1m', '\x1b[0m'] : ['', '']
  return {
    ...machine,
    write: (text) => writeAs[1](printableText(text)),
    writeHeading: (line) => writeAs[1](`${bold}${printableText(line)}${plain}\n`),
    writeError: (text) => writeAs[2](printableText(text)),
    async stay() {
      if (isStaying) return
      isStaying = true
      const { backgroundOutput } = await import('./commands/background-output')
      const stdout = backgroundOutput((bytes) => writeSome(1, bytes))
      const stderr = backgroundOutput((bytes) => writeSome(2, bytes))
      writeAs = { 1: stdout.write, 2: stderr.write }
      isAnyHeldUp = () => stdout.isHeldUp() || stderr.isHeldUp()
    },
  }
}

/**
 * Runs what an operator typed, and returns the exit status. Errors of a command are for a person: one line on stderr, and
 * what a tool said below it.
 */
export async function runOperator(args: readonly string[], machine: Machine): Promise<number> {
  try {
    return await run({ args, environment: environment() }, { world: worldOn(machine), load: LOAD })
  } catch (error) {
    if (error instanceof UsageError) {
      write(2, printLines([error.message]))
      return 2
    }
    // Whoever read stdout has read enough (`| head`).
    if (errorCode(error) === 'EPIPE') return 1
    const { message, details } = toOperatorError(error)
    write(2, printLines([message]) + printableText(details && `${details}\n`))
    return 1
  }
}
