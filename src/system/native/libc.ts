type BytesOrError = Uint8Array | number

type OpenFlag =
  | 'O_RDONLY'
  | 'O_RDWR'
  | 'O_CREAT'
  | 'O_EXCL'
  | 'O_NOCTTY'
  | 'O_NONBLOCK'
  | 'O_DIRECTORY'
  | 'O_NOFOLLOW'
  | 'O_CLOEXEC'

/**
 * The rows of native/libc.c. Each returns what the system call of its name returns, or -errno; those that give bytes return at most
 * 64 KiB of them, or -errno as a number. Where the kernel takes an address and a length, a typed array stands for both.
 */
export interface Libc {
  readonly OPEN: Readonly<Record<OpenFlag, number>>
  openat(directory: number, path: string, flags: number, mode: number): number
  close(descriptor: number): number
  read(descriptor: number, length: number): BytesOrError
  pread64(descriptor: number, length: number, position: number): BytesOrError
  write(descriptor: number, bytes: Uint8Array): number
  /** Nine numbers; see native/libc.c. */
  fstatat(directory: number, path: string, flags: number, status: Float64Array): number
  getdents64(descriptor: number, length: number): BytesOrError
  readlinkat(directory: number, path: string, length: number): BytesOrError
  realpath(path: string): BytesOrError
  faccessat(directory: number, path: string, mode: number): number
  mkdirat(directory: number, path: string, mode: number): number
  unlinkat(directory: number, path: string, flags: number): number
  renameat2(from: number, fromPath: string, to: number, toPath: string, flags: number): number
  fchmod(descriptor: number, mode: number): number
  fchown(descriptor: number, uid: number, gid: number): number
  fsync(descriptor: number): number
  chroot(path: string): number
  chdir(path: string): number
  flistxattr(descriptor: number, length: number): BytesOrError
  fgetxattr(descriptor: number, name: string, length: number): BytesOrError
  fsetxattr(descriptor: number, name: string, value: Uint8Array, flags: number): number

  socket(domain: number, type: number, protocol: number): number
  bind(descriptor: number, address: Uint8Array): number
  connect(descriptor: number, address: Uint8Array): number
  listen(descriptor: number, backlog: number): number
  accept4(descriptor: number, flags: number): number
  shutdown(descriptor: number, how: number): number
  sendto(descriptor: number, bytes: Uint8Array, flags: number): number
  /** `sender` gets the sender's address, if it has room for one. A number of 0 or more: the length of a message that is too long. */
  receive(descriptor: number, flags: number, sender: Uint8Array): BytesOrError
  setsockopt(descriptor: number, level: number, option: number, value: Uint8Array): number
  /** struct pollfd after struct pollfd; negative: without end. */
  ppoll(descriptors: Int32Array, milliseconds: number): number

  /** Both ends. */
  pipe2(ends: Int32Array, flags: number): number
  /** In the directory /, its stdin, stdout and stderr being these descriptors. Returns the process. */
  spawn(
    fileAndWords: readonly string[],
    environment: readonly string[],
    descriptors: Int32Array,
    beginsSession: number,
  ): number
  /** `status` has eight bytes, of which the first four are written. */
  wait4(process: number, status: Int32Array, flags: number): number
  kill(process: number, signal: number): number
  /** A set of signals has a bit for each, and eight bytes. */
  rt_sigprocmask(how: number, set: Uint8Array, size: number): number
  signalfd4(descriptor: number, set: Uint8Array, flags: number): number
  getpid(): number
  geteuid(): number

  /** Milliseconds. */
  clock(clock: number): number
  nanosleep(milliseconds: number): number
  getrandom(bytes: Uint8Array, flags: number): number
  semget(key: number, semaphores: number, flags: number): number
  /** The owner and the creator. */
  semowners(set: number, owners: Uint32Array): number
  /** struct sembuf after struct sembuf; negative: without end. */
  semtimedop(set: number, operations: Uint8Array, milliseconds: number): number

  /** A digest's state, for 256 or 512 bits. */
  digestBegin(bits: number): Uint8Array
  digestAdd(bits: number, state: Uint8Array, bytes: Uint8Array): void
  /** In hex. */
  digestEnd(bits: number, state: Uint8Array): string
  hex(bytes: Uint8Array): string
  /** UTF-8. */
  encode(text: string): Uint8Array
  decode(bytes: Uint8Array): string
  /** A character for each byte. */
  latin1(bytes: Uint8Array): string
  /** Where the other bytes are first, from an index on; -1: nowhere. */
  find(bytes: Uint8Array, wanted: Uint8Array, from: number): number

  /** Without the program's own name. */
  programArguments(): string[]
  /** `NAME=value`. */
  environment(): string[]
  /** 1 for a terminal. */
  isatty(descriptor: number): number
  exit(status: number): never
  /** What is called whenever no job is left: it waits for something, and returns whether there is more to wait for. */
  onIdle(wait: () => boolean): void
}

/** What native/libc.c calls them. */
declare const systemCalls: Libc

export const libc = systemCalls

/** fcntl.h: paths that are not absolute begin at the working directory. */
export const AT_FDCWD = -100

/** As many bytes as a row gives at most. */
export const MOST_BYTES = 64 * 1024
