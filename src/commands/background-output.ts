import { loadBuiltin } from '../runtime'
import { isTransient, type Output } from '../stdio'

/** How long a message may hold up the process that writes it. */
const PATIENCE_MS = 1_000

/** How soon to try again when a non-blocking output has no room. */
const ROOM_MS = 20

/** Writes a part of the bytes and gives their number, without holding up anything else. */
export type WriteSome = (bytes: Uint8Array) => Promise<number>

/**
 * An output of a process that stays: a reader that stopped reading, or a disk that is full, must not stop what the
 * process is there for. A message waits for a second; while one is under way that nobody takes, the next ones are
 * dropped, and their number is reported once there is room again.
 */
export function backgroundOutput(
  writeSome: WriteSome,
  patienceMs: number = PATIENCE_MS,
): (text: string) => Promise<void> {
  let isBusy = false
  let lost = 0
  const send = async (text: string) => {
    isBusy = true
    try {
      await writeWhole(writeSome, text)
    } catch {
      lost += countLines(text)
    }
    isBusy = false
  }
  return async (text) => {
    if (text === '') return
    if (isBusy) {
      lost += countLines(text)
      return
    }
    const note = lost === 0 ? '' : `ip-masq: ${lost} lines are missing here, because nobody took them\n`
    lost = 0
    await within(patienceMs, send(`${note}${text}`))
  }
}

async function writeWhole(writeSome: WriteSome, text: string): Promise<void> {
  let rest: Uint8Array = new TextEncoder().encode(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(await writeSome(rest))
    } catch (error) {
      if (!isTransient(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, ROOM_MS))
    }
  }
}

function countLines(text: string): number {
  return text.split('\n').length - 1
}

function within(milliseconds: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    work.finally(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** A thread of the runtime's own makes the system call, so it may block. */
export function writeSomeTo(descriptor: Output): WriteSome {
  const { write } = loadBuiltin('node:fs')
  return (bytes) =>
    new Promise((resolve, reject) =>
      write(descriptor, bytes, (error, length) => (error ? reject(error) : resolve(length))),
    )
}
