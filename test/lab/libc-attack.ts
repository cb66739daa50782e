import { AT_FDCWD, libc } from '../../src/system/native/libc'

/**
 * What test/packaging/libc.test.ts compiles and starts: every row of native/libc.c is called with thousands of arguments that no caller
 * of ours passes. On stdout: for each row how many calls returned, and the errors of the others.
 *
 * A fixed sequence of random numbers chooses, so that a crash is repeated. Descriptors 1 and 2 are not among them, nor a real process.
 */

type Call = (...args: unknown[]) => unknown
const rows = libc as unknown as Readonly<Record<string, unknown>>
const { detachBuffer } = globalThis as { detachBuffer?: (buffer: ArrayBuffer) => void }

const LONG = 'x'.repeat(5000)

// No path of the host's: this runs as root, and a row may delete, rename or chmod what it is given. (/dev/null was lost so.)
const texts = [
  '',
  'x',
  'a\0b',
  '/nowhere\0',
  LONG,
  `/nowhere/${'x/'.repeat(60_000)}`,
  '\ud800',
  'é€😀',
  '/nowhere/x',
  'y',
]

const numbers = [
  ...[
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -0,
    0.5,
    -1,
    -1.5,
    0,
    3,
    4,
    5,
    8,
    99,
    256,
    512,
    65_536,
    AT_FDCWD,
  ],
  ...[
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53,
    2 ** 63,
    2 ** 64,
    -(2 ** 63),
    1e308,
    -1e308,
    5e-324,
  ],
]

function detached(): Uint8Array {
  const bytes = new Uint8Array(64)
  detachBuffer?.(bytes.buffer)
  return bytes
}

/** Made anew for each call: the last one may have written to them. */
const arrays: readonly (() => unknown)[] = [
  ...[0, 1, 7, 8, 12, 16, 72, 111, 128, 208, 1 << 20].map((length) => () => new Uint8Array(length)),
  () => new Uint8Array(256).fill(0xff),
  () => new Uint8Array(new ArrayBuffer(64), 63),
  () => new Uint8Array(new ArrayBuffer(64), 64),
  () => new Float64Array(9),
  () => new Int32Array(3),
  () => Int32Array.of(-1, 2 ** 31 - 1, 99),
  () => Uint16Array.of(0xd800, 0xdfff),
  detached,
  () => new DataView(new ArrayBuffer(16)),
  () => new ArrayBuffer(16),
]

const lists: readonly (() => unknown)[] = [
  () => [],
  () => ['/nowhere'],
  () => ['/nowhere', 'a\0b'],
  () => ['/nowhere', LONG],
  () => ['/nowhere', 1],
  () => ['/nowhere', 'x'.repeat(300_000)],
  () => new Array(10),
  () => Array.from({ length: 100_000 }, () => 'x'),
  () => ({ length: 2 ** 32 - 1 }),
  () => ({ length: -1 }),
  () => ({ length: Number.NaN }),
  () => ({ length: { valueOf: thrown } }),
  () => ({
    length: 1,
    get 0() {
      return thrown()
    },
  }),
  () => shrinking(),
]

const others: readonly (() => unknown)[] = [
  ...[undefined, null, true, 10n, -(1n << 70n), Symbol('s')].map((value) => () => value),
  () => ({}),
  () => ({ valueOf: thrown, toString: thrown }),
  () => Object.create(null),
  () => thrown,
  () => new Map(),
  () => /x/,
  () => new Error('e'),
]

const pool: readonly (() => unknown)[] = [
  ...texts.map((text) => () => text),
  ...numbers.map((number) => () => number),
  ...arrays,
  ...lists,
  ...others,
]

function thrown(): never {
  throw new RangeError('of the argument')
}

/** Reading it changes it. */
function shrinking(): unknown {
  const list: unknown[] = ['/nowhere', 'a', 'b']
  Object.defineProperty(list, 0, {
    get: () => {
      list.length = 1
      return '/nowhere'
    },
  })
  return list
}

let state = 1
function random(below: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return (state >>> 8) % below
}

/** What a row takes: a text, a number, bytes, a list of texts, anything. */
type Kind = 't' | 'n' | 'b' | 'l' | 'x'

const KINDS: Readonly<Record<Kind, readonly (() => unknown)[]>> = {
  t: texts.map((text) => () => text),
  n: numbers.map((number) => () => number),
  b: arrays,
  l: lists,
  x: others,
}

const SIGNATURES: Readonly<Record<string, string>> = {
  ...{
    openat: 'ntnn',
    close: 'n',
    read: 'nn',
    pread64: 'nnn',
    write: 'nb',
    fstatat: 'ntnb',
    getdents64: 'nn',
  },
  ...{ readlinkat: 'ntn', realpath: 't', faccessat: 'ntn', mkdirat: 'ntn', unlinkat: 'ntn' },
  ...{ renameat2: 'ntntn', fchmod: 'nn', fchown: 'nnn', fsync: 'n', chroot: 't', chdir: 't' },
  ...{ flistxattr: 'nn', fgetxattr: 'ntn', fsetxattr: 'ntbn', socket: 'nnn', bind: 'nb', connect: 'nb' },
  ...{ listen: 'nn', accept4: 'nn', sendto: 'nbn', receive: 'nnb', shutdown: 'nn', setsockopt: 'nnnb' },
  ...{
    ppoll: 'bn',
    pipe2: 'bn',
    spawn: 'llbn',
    wait4: 'nbn',
    kill: 'nn',
    rt_sigprocmask: 'nbn',
    signalfd4: 'nbn',
  },
  ...{
    getpid: '',
    geteuid: '',
    isatty: 'n',
    clock: 'n',
    nanosleep: 'n',
    getrandom: 'bn',
    semget: 'nnn',
    semowners: 'nb',
  },
  ...{ semtimedop: 'nbn' },
  ...{ digestBegin: 'n', digestAdd: 'nbb', digestEnd: 'nb', hex: 'b', encode: 't', decode: 'b', latin1: 'b' },
  ...{ find: 'bbn', programArguments: '', environment: '', exit: 'n', onStart: 'x', onIdle: 'x' },
}

/** At most one time in eight an argument of another kind. */
function argument(kind: string | undefined): unknown {
  const choices = (random(8) > 0 && KINDS[kind as Kind]) || pool
  return choices[random(choices.length)]?.()
}

const waits = (milliseconds: unknown) => typeof milliseconds === 'number' && milliseconds > 1

/** What would end this program, wait for ever, or reach processes that are not ours. */
const EXCEPT: Readonly<Record<string, (...args: readonly unknown[]) => boolean>> = {
  exit: (status) => typeof status === 'number',
  onStart: (start) => typeof start === 'function',
  onIdle: (idle) => typeof idle === 'function',
  kill: (process) => typeof process === 'number' && Math.abs(process) !== 2 ** 31 - 1,
  nanosleep: waits,
  ppoll: (_, milliseconds) => waits(milliseconds) || (typeof milliseconds === 'number' && milliseconds < 0),
}

interface Outcome {
  returned: number
  readonly errors: Record<string, number>
}

/** 3, 4 and 5 are open for each row, and nothing that one can wait for. */
function openDescriptors(): void {
  for (let descriptor = 3; descriptor < 1024; descriptor++) libc.close(descriptor)
  libc.openat(AT_FDCWD, '/dev/null', libc.OPEN.O_RDWR, 0)
  libc.openat(AT_FDCWD, '/', libc.OPEN.O_RDONLY, 0)
  libc.openat(AT_FDCWD, 'file', libc.OPEN.O_RDWR | libc.OPEN.O_CREAT, 0o600)
}

function attack(name: string, row: Call): Outcome {
  openDescriptors()
  const outcome: Outcome = { returned: 0, errors: {} }
  const signature = SIGNATURES[name]
  if (signature === undefined) throw new Error(`Write what ${name} takes`)
  for (let i = 0; i < 400; i++) {
    // Now and then one too few, or one too many.
    const count = Math.max(0, signature.length + (random(8) === 0 ? random(3) - 1 : 0))
    const args = Array.from({ length: count }, (_, j) => argument(signature[j]))
    if (EXCEPT[name]?.(...args)) continue
    try {
      row(...args)
      outcome.returned++
    } catch (error) {
      const kind = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      outcome.errors[kind] = (outcome.errors[kind] ?? 0) + 1
    }
  }
  return outcome
}

libc.onStart(() => {
  const outcomes = Object.getOwnPropertyNames(rows).flatMap((name) => {
    const row = rows[name]
    return typeof row === 'function' ? [[name, attack(name, row as Call)] as const] : []
  })
  libc.write(1, libc.encode(JSON.stringify(Object.fromEntries(outcomes))))
  libc.exit(0)
})
