import { ERRNO } from '../errno'
import { AT_FDCWD, libc, MOST_BYTES } from './libc'

/**
 * The queue is a semaphore of System V: it is served in order, a wait can end after a time, the kernel takes back what a
 * killed process held, and it needs no file. The machine has one set, with a semaphore for each network namespace (by its
 * inode's number modulo 64: two namespaces may share one, which costs only time). Only root may use it, and a set that
 * somebody else made first is not used, so that no other user can hold us up.
 *
 * A container with its own IPC namespace has no queue, and neither has a process whose system calls are filtered.
 */
export function takeTurn(milliseconds: number): () => void {
  const queue = openQueue()
  return queue && wait(queue, milliseconds) ? () => leave(queue) : () => {}
}

/** "ipmq". */
const KEY = 0x69706d71
const SEMAPHORES = 64

/** sem.h, ipc.h */
const IPC_CREAT = 0o1000
const IPC_NOWAIT = 0o4000
const SEM_UNDO = 0x1000

interface Queue {
  readonly set: number
  readonly number: number
}

function openQueue(): Queue | undefined {
  const set = libc.semget(KEY, SEMAPHORES, IPC_CREAT | 0o600)
  if (set < 0) return undefined
  const owners = new Uint32Array(2)
  if (libc.semowners(set, owners) < 0 || owners[0] !== 0 || owners[1] !== 0) return undefined
  const target = libc.readlinkat(AT_FDCWD, '/proc/self/ns/net', MOST_BYTES)
  if (typeof target === 'number') return undefined
  // "net:[4026531840]"
  const digits = libc.decode(target).replace(/\D/g, '')
  return { set, number: Number(digits) % SEMAPHORES }
}

/** Waits until the semaphore is 0, and sets it to 1. A new one is 0, so nobody has to prepare it. */
function wait({ set, number }: Queue, milliseconds: number): boolean {
  const operations = pack([
    [number, 0, 0],
    [number, 1, SEM_UNDO],
  ])
  for (;;) {
    const returned = libc.semtimedop(set, operations, milliseconds)
    if (returned !== -ERRNO.EINTR) return returned === 0
  }
}

function leave({ set, number }: Queue): void {
  libc.semtimedop(set, pack([[number, -1, SEM_UNDO | IPC_NOWAIT]]), 0)
}

/** Encodes struct sembuf: number, what is added, flags; 16 bits each. */
function pack(operations: readonly (readonly [number, number, number])[]): Uint8Array {
  return new Uint8Array(Int16Array.from(operations.flat()).buffer)
}
