import { ERRNO } from '../errno'
import { decode, encode } from '../node/text'
import { libc, openLibc } from './libc'

/**
 * The queue is a semaphore of System V: it is served in order, a wait can end after a time, the kernel takes back what a
 * killed process held, and it needs no file. One set for the machine, a semaphore for each network namespace (by its
 * inode's number modulo 64: two namespaces may share one, which costs time and nothing else). Only root may use it, and a
 * set that somebody else made first is not used, so that no other user can hold us up.
 *
 * There is none in a container with an IPC namespace of its own, or where system calls are filtered.
 */
export function takeTurn(milliseconds: number): () => void {
  try {
    const queue = openQueue()
    return queue && wait(queue, milliseconds) ? () => leave(queue) : () => {}
  } catch {
    return () => {}
  }
}

/** "ipmq". */
const KEY = 0x69706d71
const SEMAPHORES = 64

/** sem.h, ipc.h */
const IPC_CREAT = 0o1000
const IPC_NOWAIT = 0o4000
const IPC_STAT = 2
const SEM_UNDO = 0x1000

interface Queue {
  readonly set: number
  readonly number: number
  readonly semtimedop: (set: number, operations: Uint8Array, count: number, timeout: Uint8Array) => number
  readonly errno: () => number
}

function openQueue(): Queue | undefined {
  const native = libc()
  if (!native) return undefined
  const { semget, semctl, semtimedop, readlink } = openLibc({
    semget: { args: ['int', 'int', 'int'], returns: 'int' },
    semctl: { args: ['int', 'int', 'int', 'ptr'], returns: 'int' },
    semtimedop: { args: ['int', 'ptr', 'usize', 'ptr'], returns: 'int' },
    readlink: { args: ['ptr', 'ptr', 'usize'], returns: 'int' },
  })
  const set = semget(KEY, SEMAPHORES, IPC_CREAT | 0o600)
  if (set < 0) return undefined
  const status = new Uint8Array(256)
  // struct ipc_perm: key, uid, gid, cuid.
  if (semctl(set, 0, IPC_STAT, status) < 0 || !isZero(status, 4) || !isZero(status, 12)) return undefined
  const target = new Uint8Array(64)
  const length = readlink(encode('/proc/self/ns/net\0'), target, target.length)
  // "net:[4026531840]"
  const digits = decode(target.subarray(0, Math.max(0, length))).replace(/\D/g, '')
  return { set, number: Number(digits) % SEMAPHORES, semtimedop, errno: native.errno }
}

function isZero(bytes: Uint8Array, offset: number): boolean {
  return bytes.subarray(offset, offset + 4).every((byte) => byte === 0)
}

/** Waits until the semaphore is 0, and makes it 1: it begins at 0, so nobody has to prepare it. */
function wait(queue: Queue, milliseconds: number): boolean {
  const { set, number, semtimedop, errno } = queue
  const operations = pack([
    { number, add: 0, flags: 0 },
    { number, add: 1, flags: SEM_UNDO },
  ])
  for (;;) {
    if (semtimedop(set, operations, 2, timespec(milliseconds)) === 0) return true
    if (errno() !== ERRNO.EINTR) return false
  }
}

function leave({ set, number, semtimedop }: Queue): void {
  semtimedop(set, pack([{ number, add: -1, flags: SEM_UNDO | IPC_NOWAIT }]), 1, timespec(0))
}

/** struct sembuf: three numbers of 16 bits, in the machine's order, which is the lower byte first wherever we run. */
function pack(
  operations: readonly { readonly number: number; readonly add: number; readonly flags: number }[],
): Uint8Array {
  return new Uint8Array(
    operations.flatMap(({ number, add, flags }) =>
      [number, add, flags].flatMap((value) => [value & 0xff, (value >> 8) & 0xff]),
    ),
  )
}

/** struct timespec: seconds and nanoseconds, 64 bits each. */
function timespec(milliseconds: number): Uint8Array {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setBigInt64(0, BigInt(Math.floor(milliseconds / 1000)), true)
  view.setBigInt64(8, BigInt(Math.floor((milliseconds % 1000) * 1e6)), true)
  return bytes
}
