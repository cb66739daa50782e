import { type Invocation, invocationOf } from './invocation'
import type { Ended, Lane } from './lane'
import { loseScript } from './losses'
import type { Call } from './operations'
import { type Context, cacheEntry, cacheFile } from './requests'

/** What came of a call. */
export interface Reply extends Ended {
  /** The code of a CNI error. */
  readonly code?: number
  /** What a process was run with, for reports; empty for what is done by other means. */
  readonly ran: Invocation
  /** For an ADD whose cache file was written. */
  readonly cacheOrder: number
}

let cacheOrder = 0

/** Makes a call, and does to the result cache what libcni does after it. */
export async function perform(lane: Lane, call: Call, conf: Context['conf']): Promise<Reply> {
  if (call.delayMs) await new Promise((resolve) => setTimeout(resolve, call.delayMs))
  const context = { kind: lane.kind, conf }
  if (call.call === 'lose') {
    const ended = await lane.run({ argv: ['bash', '-euc', loseScript(call.what, lane.kind)] })
    if (ended.status !== 0) throw new Error(`cannot lose ${call.what}: ${ended.stderr}`)
    return { ...ended, ran: { argv: [], env: {}, stdin: loseScript(call.what, lane.kind) }, cacheOrder: 0 }
  }
  const ran = invocationOf(call, context)
  const ended = await lane.run(ran)
  if (ended.status === 0 && 'pod' in call && call.call !== 'broken') {
    if (call.call === 'ADD' && !call.chainFails) {
      const { path, text } = cacheEntry(call, context)
      await lane.write(path, text)
    }
    if (call.call === 'DEL' && !call.chainFails) await lane.remove(cacheFile(call.network, call.pod))
  }
  return { ...ended, ...codeOf(ended.stdout), ran, cacheOrder: ++cacheOrder }
}

function codeOf(stdout: string): { code?: number } {
  try {
    const { code } = JSON.parse(stdout)
    return typeof code === 'number' ? { code } : {}
  } catch {
    return {}
  }
}
