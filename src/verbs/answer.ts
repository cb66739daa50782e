import { CniError, quote } from '../cni/error'
import { add } from './add'
import type { Answer, Call, Input, Reply } from './call'
import { del } from './del'
import { reply } from './reply'
import { version } from './version'

/** Answers one call. */
export function answer(call: Call): Promise<Reply> {
  return reply(
    call.readStdin,
    (input) => run(call, input),
    async (answered, logged) => (await import('../log/call')).logCall(call.environment, answered, logged),
  )
}

/** Runs a verb. A pod waits for its ADD and its DEL; the other verbs are loaded when they are called. */
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
