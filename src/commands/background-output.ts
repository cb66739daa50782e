import { after } from '#system/clock'
import { encode } from '#system/text'
import { errorCode } from '../system/errors'

/** The longest time for which a message may hold up the process that writes it. */
const PATIENCE_MS = 1_000

/** The time until the next attempt when a non-blocking output has no room. */
const ROOM_MS = 20

/** Writes a part of the bytes and returns their number. It holds up nothing else. */
export type WriteSome = (bytes: Uint8Array) => Promise<number>

export interface BackgroundOutput {
  write(text: string): Promise<void>
  /** Whether there are bytes that nobody takes. */
  isHeldUp(): boolean
}

interface Limits {
  readonly patienceMs: number
  /** The most characters that wait for their turn. Further ones are dropped. */
  readonly mostWaiting: number
}

const LIMITS: Limits = { patienceMs: PATIENCE_MS, mostWaiting: 64 * 1024 }

/**
 * An output of a process that stays. A reader that stopped reading, or a full disk, must not stop the work of the
 * process. It waits one second for a message. After that messages gather, and those that find no room are dropped.
 * Their number is written when there is room again.
 */
export function backgroundOutput(writeSome: WriteSome, limits: Limits = LIMITS): BackgroundOutput {
  let waiting = ''
  let lost = 0
  let isHeldUp = false
  let sending: Promise<void> | undefined
  const send = async () => {
    while (waiting !== '') {
      const note =
        lost === 0
          ? ''
          : `ip-masq: lines that are missing here, because nobody read the output in time: ${lost}\n`
      const text = `${waiting}${note}`
      const before = lost
      waiting = ''
      lost = 0
      try {
        await writeWhole(writeSome, text)
      } catch {
        lost += before + countLines(text) - countLines(note)
      }
    }
    sending = undefined
    isHeldUp = false
  }
  return {
    isHeldUp: () => isHeldUp,
    async write(text) {
      if (waiting.length + text.length > limits.mostWaiting && sending) lost += countLines(text)
      else waiting += text
      sending ??= send()
      if (!isHeldUp) isHeldUp = !(await isDoneWithin(limits.patienceMs, sending))
    },
  }
}

async function writeWhole(writeSome: WriteSome, text: string): Promise<void> {
  let rest: Uint8Array = encode(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(await writeSome(rest))
    } catch (error) {
      const code = errorCode(error)
      if (code !== 'EAGAIN' && code !== 'EINTR') throw error
      await new Promise<void>((resolve) => after(ROOM_MS, resolve))
    }
  }
}

function countLines(text: string): number {
  return text.split('\n').length - 1
}

function isDoneWithin(milliseconds: number, work: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = after(milliseconds, () => resolve(false))
    work.then(() => {
      cancel()
      resolve(true)
    })
  })
}
