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
 * The rows of native/libc.c. Each returns what the system call of its name returns, or -errno. Those that give bytes
 * return at most 64 KiB of them, or -errno as a number. If the kernel takes an address and a length, a typed array is
 * passed for both.
 */
export interface Libc {
  readonly OPEN: Readonly<Record<OpenFlag, number>>
  openat(directory: number, path: string, flags: number, mode: number): number
  close(descriptor: number): number
  read(descriptor: number, length: number): BytesOrError
  pread64(descriptor: number, length: number, position: number): BytesOrError
  write(descriptor: number, bytes: Uint8Array): number
  /** `status` gets nine numbers; see native/libc.c. */
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
  /**
   * `sender` gets the sender's address if it has room for one. If the result is 0 or more, it is the length of a message
   * that is too long.
   */
  receive(descriptor: number, flags: number, sender: Uint8Array): BytesOrError
  setsockopt(descriptor: number, level: number, option: number, value: Uint8Array): number
  /** `descriptors` holds one struct pollfd after the other. A negative time means no limit. */
  ppoll(descriptors: Int32Array, milliseconds: number): number

  /** `ends` gets both ends. */
  pipe2(ends: Int32Array, flags: number): number
  /** Starts a process in the directory /, with these descriptors as its stdin, stdout and stderr. Returns its number. */
  spawn(
    fileAndWords: readonly string[],
    environment: readonly string[],
    descriptors: Int32Array,
    beginsSession: number,
  ): number
  /** `status` has eight bytes, of which only the first four are written. */
  wait4(process: number, status: Int32Array, flags: number): number
  kill(process: number, signal: number): number
  /** A set of signals has one bit for each, and eight bytes. */
  rt_sigprocmask(how: number, set: Uint8Array, size: number): number
  signalfd4(descriptor: number, set: Uint8Array, flags: number): number
  getpid(): number
  geteuid(): number

  /** Returns milliseconds. */
  clock(clock: number): number
  nanosleep(milliseconds: number): number
  getrandom(bytes: Uint8Array, flags: number): number
  semget(key: number, semaphores: number, flags: number): number
  /** `owners` gets the owner and the creator. */
  semowners(set: number, owners: Uint32Array): number
  /** `operations` holds one struct sembuf after the other. A negative time means no limit. */
  semtimedop(set: number, operations: Uint8Array, milliseconds: number): number

  /** Returns a digest's state, for 256 or 512 bits. */
  digestBegin(bits: number): Uint8Array
  digestAdd(bits: number, state: Uint8Array, bytes: Uint8Array): void
  /** Returns the digest in hex. */
  digestEnd(bits: number, state: Uint8Array): string
  hex(bytes: Uint8Array): string
  /** Returns the text in UTF-8. */
  encode(text: string): Uint8Array
  decode(bytes: Uint8Array): string
  /** Returns one character per byte. */
  latin1(bytes: Uint8Array): string
  /** Returns where the wanted bytes occur first, from an index on; -1 if they do not. */
  find(bytes: Uint8Array, wanted: Uint8Array, from: number): number

  /** Returns the arguments without the program's own name. */
  programArguments(): string[]
  /** Returns entries of the form `NAME=value`. */
  environment(): string[]
  /** Returns 1 for a terminal. */
  isatty(descriptor: number): number
  exit(status: number): never
  /** Sets the function that is called when the program is loaded, in a call and not when it is built. */
  onStart(run: () => void): void
  /**
   * Sets the function that is called when no job is left: it waits for something, and returns whether there is more to
   * wait for.
   */
  onIdle(wait: () => boolean): void
}

/** The name that native/libc.c gives them. */
declare const systemCalls: Libc

export const libc = systemCalls

/** fcntl.h: relative paths begin at the working directory. */
export const AT_FDCWD = -100

/** The most bytes that a row returns. */
export const MOST_BYTES = 64 * 1024
