import { CniError, quote, renderError, toCniError } from '../cni/error'
import { parseConfigText } from '../cni/json'
import { isSupported, NEWEST_VERSION } from '../cni/version'
import { NotUtf8Error } from '../system/errors'
import { add } from './add'
import type { Answer, Call, Input, Reply } from './call'
import { del } from './del'
import { version } from './version'

/** Answers one call. The protocol's one rule for failures: an error object on stdout, and exit status 1. */
export async function answer(call: Call): Promise<Reply> {
  let version: string = NEWEST_VERSION
  const input: Input = {
    read() {
      const text = readText(call)
      const config = parseConfigText(text)
      if (isSupported(config.cniVersion)) version = config.cniVersion
      return { text, config }
    },
  }
  try {
    return { ...(await run(call, input)), isError: false }
  } catch (error) {
    return { stdout: renderError(toCniError(error), version), warnings: [], isError: true }
  }
}

/** A pod waits for its ADD and its DEL; the verbs that are called less often are loaded when they are. */
async function run(call: Call, input: Input): Promise<Answer> {
  const command = call.environment.CNI_COMMAND
  switch (command) {
    case 'ADD':
      return add(call, input)
    case 'DEL':
      return del(call, input)
    case 'CHECK':
      return (await import('./check')).check(call, input)
    case 'GC':
      return (await import('./gc')).gc(call, input)
    case 'STATUS':
      return (await import('./status')).status(call, input)
    case 'VERSION':
      return version(input)
    default:
      throw new CniError(
        'invalidEnvironment',
        `Cannot run CNI_COMMAND ${quote(command)}: use ADD, CHECK, DEL, GC, STATUS or VERSION`,
      )
  }
}

function readText({ readStdin }: Call): string {
  try {
    return readStdin()
  } catch (error) {
    if (error instanceof NotUtf8Error)
      throw new CniError('notJson', `Cannot read the config: ${error.message}`)
    throw new CniError('ioFailure', 'Cannot read the config from stdin', String(error))
  }
}
