import { CniError, renderError, toCniError } from '../cni/error'
import { parseConfigText } from '../cni/json'
import { isSupported, NEWEST_VERSION } from '../cni/version'
import { NotUtf8Error } from '../system/errors'
import type { Answer, Input, Reply } from './call'

/** Runs a verb. The protocol's one rule for failures: an error object on stdout, and exit status 1. */
export async function reply(
  readStdin: () => string,
  run: (input: Input) => Answer | Promise<Answer>,
): Promise<Reply> {
  let version: string = NEWEST_VERSION
  const input: Input = {
    read() {
      const text = readText(readStdin)
      const config = parseConfigText(text)
      if (isSupported(config.cniVersion)) version = config.cniVersion
      return { text, config }
    },
  }
  try {
    return { ...(await run(input)), isError: false }
  } catch (error) {
    return { stdout: renderError(toCniError(error), version), warnings: [], isError: true }
  }
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
