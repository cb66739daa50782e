import { ERRNO } from '../errno'
import type { Ended, Run } from '../processes'
import { now, pause } from './clock'
import { statusIfThere } from './files'
import { joined } from './joined'
import { AT_FDCWD, libc, MOST_BYTES } from './libc'
import { POLL } from './loop'
import { codeOf, refused, taken, takenBytes } from './refused'

export function runProcess(file: string, run: Run): Ended {
  const deadline = now() + run.milliseconds
  const { pid, stdin, stdout, stderr } = start(file, run)
  const outputs = [reading(stdout), reading(stderr)]
  const writer = writing(stdin, libc.encode(run.input))
  let isOver = false
  while (!isOver && outputs.some(({ isOpen }) => isOpen)) isOver = !waitForAny([writer, ...outputs], deadline)
  const status = isOver ? undefined : statusOf(pid, deadline)
  if (status === undefined) kill(pid)
  for (const stream of [writer, ...outputs]) stream.close()
  const [out = '', err = ''] = outputs.map(({ text }) => text())
  if (status === undefined) return { outcome: 'deadline', stdout: out, stderr: err }
  const signal = status & 0x7f
  if (signal === 0) return { outcome: 'exited', status: (status >> 8) & 0xff, stdout: out, stderr: err }
  return { outcome: 'killed', signal: SIGNALS[signal] ?? `signal ${signal}`, stdout: out, stderr: err }
}

interface Started {
  readonly pid: number
  /** These are our ends of the pipes. */
  readonly stdin: number
  readonly stdout: number
  readonly stderr: number
}

function start(file: string, { args, environment }: Run): Started {
  const open: number[] = []
  try {
    const [[stdinThere, stdin], [stdout, stdoutThere], [stderr, stderrThere]] = [
      pipe(open),
      pipe(open),
      pipe(open),
    ]
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    const theirs = [stdinThere, stdoutThere, stderrThere]
    const pid = libc.spawn([file, ...args], variables, Int32Array.from(theirs), 1)
    if (pid < 0) throw refused({ errno: -pid, syscall: `spawn ${file}` })
    for (const descriptor of theirs) libc.close(descriptor)
    return { pid, stdin, stdout, stderr }
  } catch (error) {
    for (const descriptor of open) libc.close(descriptor)
    throw error
  }
}

/** Makes a pipe; returns the end to read and the end to write. */
function pipe(open: number[]): readonly [number, number] {
  const ends = new Int32Array(2)
  taken(libc.pipe2(ends, libc.OPEN.O_CLOEXEC), 'pipe')
  const [from = 0, to = 0] = ends
  open.push(from, to)
  return [from, to]
}

interface Stream {
  readonly descriptor: number
  readonly events: number
  readonly isOpen: boolean
  /** Reads or writes as much as is possible without waiting. */
  proceed(): void
  close(): void
}

/** A pipe that has room accepts this much at once (PIPE_BUF of limits.h), so that a write never waits. */
const ATOMIC = 4096

function writing(descriptor: number, bytes: Uint8Array): Stream {
  let at = 0
  const stream = {
    descriptor,
    events: POLL.out,
    isOpen: true,
    proceed() {
      const written = libc.write(descriptor, bytes.subarray(at, at + ATOMIC))
      if (written >= 0) at += written
      // It is no error if a program does not read its input.
      else if (written !== -ERRNO.EINTR) at = bytes.length
      if (at === bytes.length) stream.close()
    },
    close() {
      if (stream.isOpen) libc.close(descriptor)
      stream.isOpen = false
    },
  }
  if (bytes.length === 0) stream.close()
  return stream
}

function reading(descriptor: number): Stream & { text(): string } {
  const pieces: Uint8Array[] = []
  const stream = {
    descriptor,
    events: POLL.in,
    isOpen: true,
    proceed() {
      const piece = libc.read(descriptor, MOST_BYTES)
      if (piece === -ERRNO.EINTR) return
      const bytes = takenBytes(piece, 'read')
      if (bytes.length > 0) pieces.push(bytes)
      else stream.close()
    },
    close() {
      if (stream.isOpen) libc.close(descriptor)
      stream.isOpen = false
    },
    text: () => libc.decode(joined(pieces)),
  }
  return stream
}

/** Waits for streams that are ready, and reads or writes them; returns whether there is time left. */
function waitForAny(streams: readonly Stream[], deadline: number): boolean {
  const open = streams.filter(({ isOpen }) => isOpen)
  const descriptors = new Int32Array(open.flatMap(({ descriptor, events }) => [descriptor, events]))
  const left = Math.ceil(deadline - now())
  if (left <= 0) return false
  const ready = libc.ppoll(descriptors, left)
  if (ready < 0 && ready !== -ERRNO.EINTR) throw refused({ errno: -ready, syscall: 'poll' })
  if (ready > 0)
    for (const [i, stream] of open.entries()) if ((descriptors[2 * i + 1] ?? 0) >> 16 !== 0) stream.proceed()
  return true
}

const WNOHANG = 1

/**
 * The status as wait(2) gives it; undefined at the deadline. A process that has closed both outputs nearly always ends at
 * once.
 */
function statusOf(pid: number, deadline: number): number | undefined {
  const status = new Int32Array(2)
  for (let sleep = 0.05; ; sleep = Math.min(2 * sleep, 10)) {
    const ended = libc.wait4(pid, status, WNOHANG)
    if (ended < 0 && ended !== -ERRNO.EINTR) throw refused({ errno: -ended, syscall: 'waitpid' })
    if (ended > 0) return status[0] ?? 0
    if (now() >= deadline) return undefined
    pause(sleep)
  }
}

const SIGKILL = 9

/** How long we wait for a killed process, because it may hang in the kernel. */
const LAST_MS = 1_000

/** Kills a process group. It has the process's number, which nobody else gets before we have read its status. */
function kill(pid: number): void {
  libc.kill(-pid, SIGKILL)
  libc.kill(pid, SIGKILL)
  statusOf(pid, now() + LAST_MS)
}

/** signal.h */
const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  11: 'SIGSEGV',
  12: 'SIGUSR2',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  31: 'SIGSYS',
}

const X_OK = 1

export function isExecutable(file: string): boolean {
  return libc.faccessat(AT_FDCWD, file, X_OK) === 0 && statusIfThere(file)?.kind === 'file'
}

export function whyNotExecutable(file: string): string | undefined {
  const returned = libc.faccessat(AT_FDCWD, file, X_OK)
  return returned < 0 ? codeOf(-returned) : undefined
}
