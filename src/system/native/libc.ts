type BytesOrError = Uint8Array | number

/**
 * The rows of native/libc.c. Each returns what the system call returns, or -errno; those that give bytes return at most 64 KiB
 * of them, or -errno as a number.
 */
export interface Libc {
  readonly OPEN: Readonly<
    Record<
      'O_RDONLY' | 'O_RDWR' | 'O_CREAT' | 'O_EXCL' | 'O_NOCTTY' | 'O_NONBLOCK' | 'O_DIRECTORY' | 'O_NOFOLLOW',
      number
    >
  >
  open(path: string, flags: number, mode?: number): number
  close(descriptor: number): number
  read(descriptor: number, length: number): BytesOrError
  pread(descriptor: number, length: number, position: number): BytesOrError
  write(descriptor: number, bytes: Uint8Array): number
  /** Nine numbers; see native/libc.c. */
  stat(path: string, status: Float64Array): number
  lstat(path: string, status: Float64Array): number
  fstat(descriptor: number, status: Float64Array): number
  getdents(descriptor: number): BytesOrError
  readlink(path: string): BytesOrError
  realpath(path: string): BytesOrError
  getcwd(): BytesOrError
  access(path: string, mode: number): number
  mkdir(path: string, mode: number): number
  rmdir(path: string): number
  unlink(path: string): number
  rename(from: string, to: string): number
  fchmod(descriptor: number, mode: number): number
  fchown(descriptor: number, uid: number, gid: number): number
  fsync(descriptor: number): number
  chroot(path: string): number
  chdir(path: string): number
  flistxattr(descriptor: number): BytesOrError
  fgetxattr(descriptor: number, name: string): BytesOrError
  fsetxattr(descriptor: number, name: string, value: Uint8Array): number

  socket(domain: number, type: number, protocol: number): number
  bind(descriptor: number, address: Uint8Array): number
  connect(descriptor: number, address: Uint8Array): number
  listen(descriptor: number, backlog: number): number
  accept(descriptor: number, flags: number): number
  shutdown(descriptor: number, how: number): number
  send(descriptor: number, bytes: Uint8Array, flags: number): number
  /** `sender` gets the sender's address, if it has room for one. A number of 0 or more: the length of a message that is too long. */
  receive(descriptor: number, flags: number, sender: Uint8Array): BytesOrError
  setsockopt(descriptor: number, level: number, option: number, value: Uint8Array): number
  /** struct pollfd after struct pollfd. */
  poll(descriptors: Int32Array, milliseconds: number): number

  /** Both ends. */
  pipe(ends: Int32Array): number
  /** In the directory /, its stdin, stdout and stderr being these descriptors. Returns the process. */
  spawn(
    fileAndWords: readonly string[],
    environment: readonly string[],
    descriptors: Int32Array,
    beginsSession: number,
  ): number
  wait(process: number, flags: number, status: Int32Array): number
  kill(process: number, signal: number): number
  /** Exactly these signals, by their bits, are blocked from now on; returns a descriptor to read them from. */
  signals(bits: number): number
  getpid(): number
  geteuid(): number

  /** Milliseconds. */
  clock(clock: number): number
  sleep(milliseconds: number): number
  random(bytes: Uint8Array): number
  semget(key: number, semaphores: number, flags: number): number
  /** The owner and the creator. */
  semowners(set: number, owners: Uint32Array): number
  /** struct sembuf after struct sembuf. */
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
  exit(status: number): never
  /** What is called whenever no job is left: it waits for something, and returns whether there is more to wait for. */
  onIdle(wait: () => boolean): void
}

/** What native/libc.c calls them. */
declare const systemCalls: Libc

export const libc = systemCalls
