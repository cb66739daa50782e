import { now } from '#system/clock'
import { CniError, renderError, toCniError } from '../cni/error'
import { parseConfigText } from '../cni/json'
import { isSupported, NEWEST_VERSION } from '../cni/version'
import type { Logged } from '../log/call'
import { NotUtf8Error } from '../system/errors'
import type { Answer, Input, Reply } from './call'

/**
 * Runs a verb. The protocol has one rule for failures: an error object on stdout, and exit status 1. `log` is called if
 * the config names a log.
 */
export async function reply(
  readStdin: () => string,
  run: (input: Input) => Answer | Promise<Answer>,
  log?: (reply: Reply, logged: Logged) => Promise<Reply>,
): Promise<Reply> {
  let version: string = NEWEST_VERSION
  let logged: Logged | undefined
  const input: Input = {
    read() {
      const text = readText(readStdin)
      const config = parseConfigText(text)
      if (isSupported(config.cniVersion)) version = config.cniVersion
      if (config.logFile !== undefined) logged = { config, startedMs: now() }
      return { text, config }
    },
  }
  let answered: Reply
  try {
    answered = { ...(await run(input)), isError: false }
  } catch (error) {
    answered = { stdout: renderError(toCniError(error), version), warnings: [], isError: true }
  }
  return logged && log ? log(answered, logged) : answered
}

function readText(readStdin: () => string): string {
  try {
    return readStdin()
  } catch (error) {
    if (error instanceof NotUtf8Error)
      throw new CniError('notJson', `Cannot read the config: ${error.message}`)
    throw new CniError('ioFailure', 'Cannot read the config from stdin', String(error))
  }
}
