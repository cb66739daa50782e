import { readStdin } from '#system/streams'
import { deliver, runToEnd } from './edge'
import { reply } from './verbs/reply'
import { version } from './verbs/version'

/**
 * The native executable's program for the verb VERSION, which it reads instead of that of `main.ts`: most of such a call would be the
 * reading of code for other verbs. The replies are the same.
 */
runToEnd(
  async () => deliver(await reply(readStdin, version)),
  () => false,
)
