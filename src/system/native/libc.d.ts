/**
 * The rows of native/libc.c. Each returns what the system call returns, or -errno; those that give bytes return at most 64 KiB
 * of them, or -errno as a number.
 */
declare module 'libc' {
  type BytesOrError = Uint8Array | number

  export const OPEN: Readonly<
    Record<
      'O_RDONLY' | 'O_RDWR' | 'O_CREAT' | 'O_EXCL' | 'O_NOCTTY' | 'O_NONBLOCK' | 'O_DIRECTORY' | 'O_NOFOLLOW',
      number
    >
  >
  export function open(path: string, flags: number, mode?: number): number
  export function close(descriptor: number): number
  export function read(descriptor: number, length: number): BytesOrError
  export function pread(descriptor: number, length: number, position: number): BytesOrError
  export function write(descriptor: number, bytes: Uint8Array): number
  /** Nine numbers; see native/libc.c. */
  export function stat(path: string, status: Float64Array): number
  export function lstat(path: string, status: Float64Array): number
  export function fstat(descriptor: number, status: Float64Array): number
  export function getdents(descriptor: number): BytesOrError
  export function readlink(path: string): BytesOrError
  export function realpath(path: string): BytesOrError
  export function getcwd(): BytesOrError
  export function access(path: string, mode: number): number
  export function mkdir(path: string, mode: number): number
  export function rmdir(path: string): number
  export function unlink(path: string): number
  export function rename(from: string, to: string): number
  export function fchmod(descriptor: number, mode: number): number
  export function fchown(descriptor: number, uid: number, gid: number): number
  export function fsync(descriptor: number): number
  export function chroot(path: string): number
  export function chdir(path: string): number
  export function flistxattr(descriptor: number): BytesOrError
  export function fgetxattr(descriptor: number, name: string): BytesOrError
  export function fsetxattr(descriptor: number, name: string, value: Uint8Array): number

  export function socket(domain: number, type: number, protocol: number): number
  export function bind(descriptor: number, address: Uint8Array): number
  export function connect(descriptor: number, address: Uint8Array): number
  export function listen(descriptor: number, backlog: number): number
  export function accept(descriptor: number, flags: number): number
  export function shutdown(descriptor: number, how: number): number
  export function send(descriptor: number, bytes: Uint8Array, flags: number): number
  /** `sender` gets the sender's address, if it has room for one. A number of 0 or more: the length of a message that is too long. */
  export function receive(descriptor: number, flags: number, sender: Uint8Array): BytesOrError
  export function setsockopt(descriptor: number, level: number, option: number, value: Uint8Array): number
  /** struct pollfd after struct pollfd. */
  export function poll(descriptors: Int32Array, milliseconds: number): number

  /** Both ends. */
  export function pipe(ends: Int32Array): number
  /** In the directory /, its stdin, stdout and stderr being these descriptors. Returns the process. */
  export function spawn(
    fileAndWords: readonly string[],
    environment: readonly string[],
    descriptors: Int32Array,
    beginsSession: number,
  ): number
  export function wait(process: number, flags: number, status: Int32Array): number
  export function kill(process: number, signal: number): number
  /** Exactly these signals, by their bits, are blocked from now on; returns a descriptor to read them from. */
  export function signals(bits: number): number
  export function getpid(): number
  export function geteuid(): number

  /** Milliseconds. */
  export function clock(clock: number): number
  export function sleep(milliseconds: number): number
  export function random(bytes: Uint8Array): number
  export function semget(key: number, semaphores: number, flags: number): number
  /** The owner and the creator. */
  export function semowners(set: number, owners: Uint32Array): number
  /** struct sembuf after struct sembuf. */
  export function semtimedop(set: number, operations: Uint8Array, milliseconds: number): number

  /** A digest's state, for 256 or 512 bits. */
  export function digestBegin(bits: number): Uint8Array
  export function digestAdd(bits: number, state: Uint8Array, bytes: Uint8Array): void
  /** In hex. */
  export function digestEnd(bits: number, state: Uint8Array): string
  export function hex(bytes: Uint8Array): string
  /** UTF-8. */
  export function encode(text: string): Uint8Array
  export function decode(bytes: Uint8Array): string
  /** A character for each byte. */
  export function latin1(bytes: Uint8Array): string
  /** Where the other bytes are first, from an index on; -1: nowhere. */
  export function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number

  /** Without the program's own name. */
  export function programArguments(): string[]
  /** `NAME=value`. */
  export function environment(): string[]
  export function exit(status: number): never
  /** What is called whenever no job is left: it waits for something, and returns whether there is more to wait for. */
  export function onIdle(wait: () => boolean): void
}
