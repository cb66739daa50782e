import { once } from '../once'
import { libc } from './libc'
import { POLL, whenReady } from './loop'
import { takenBytes } from './refused'

/** The environment. If a name is there twice, the first one counts, as in getenv(3). */
export const environment = once((): Readonly<Record<string, string | undefined>> => {
  const read: Record<string, string> = Object.create(null)
  for (const variable of libc.environment()) {
    const at = variable.indexOf('=')
    if (at > 0) read[variable.slice(0, at)] ??= variable.slice(at + 1)
  }
  return read
})

export function onStart(run: () => void): void {
  libc.onStart(run)
}

export function programArguments(): readonly string[] {
  return libc.programArguments()
}

export function executable(): string {
  return '/proc/self/exe'
}

export function processId(): number {
  return libc.getpid()
}

export function effectiveUser(): number {
  return libc.geteuid()
}

export function workingDirectory(): string {
  return libc.decode(takenBytes(libc.realpath('.'), 'getcwd'))
}

/** signal.h */
const [SIGINT, SIGTERM] = [2, 15]
const SIG_SETMASK = 2
/** SFD_CLOEXEC | SFD_NONBLOCK of sys/signalfd.h */
const SFD_FLAGS = 0x80800

const stops: (() => void)[] = []
let listenedTo = (1 << SIGINT) | (1 << SIGTERM)

export function onStop(stop: () => void): void {
  stops.push(stop)
  // A signal goes to one reader, so there is one reader for all.
  if (stops.length === 1) listen()
}

/** Blocks the signals and reads them from a descriptor, so that they interrupt nothing. */
function listen(): void {
  const set = new Uint8Array(8)
  // The lowest bit is signal 1.
  new DataView(set.buffer).setUint32(0, listenedTo >> 1, true)
  if (libc.rt_sigprocmask(SIG_SETMASK, set, set.length) < 0) return
  const descriptor = libc.signalfd4(-1, set, SFD_FLAGS)
  if (descriptor < 0) return
  const take = () => {
    // struct signalfd_siginfo begins with the signal's number.
    const came = libc.read(descriptor, 128)
    if (typeof came === 'number') return
    end()
    libc.close(descriptor)
    // The next signal of this kind ends the program, as if nobody listened.
    listenedTo &= ~(1 << (came[0] ?? 0))
    listen()
    for (const stop of stops) stop()
  }
  const end = whenReady(descriptor, POLL.in, take, false)
}

export function exit(status: number, _isHeldUp: boolean): never {
  return libc.exit(status)
}
