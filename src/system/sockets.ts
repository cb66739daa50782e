/** Sockets other than netlink's: `#system/sockets`. Only loops use them. */
export interface Sockets {
  /**
   * Listens for connections. Calls back from then on: `listening`, or `failed` with the system's message (EADDRINUSE, EACCES). After
   * `failed` nothing listens any more, and the caller may try again.
   */
  listenAt(endpoint: Endpoint, listener: Listener): void
  /** Whether somebody accepts connections on a socket in the file system, within a time. */
  doesAnswer(path: string, milliseconds: number): Promise<boolean>
}

export interface Endpoint {
  /** Four bytes of an IPv4 address or 16 of an IPv6 address; all 0: every address of the machine. */
  readonly address: Uint8Array
  /** The address as text. */
  readonly host: string
  readonly port: number
  /** Both, as in `127.0.0.1:80` and `[::1]:80`. */
  readonly text: string
}

export interface Listener {
  listening(): void
  failed(message: string): void
  connected(connection: Connection): void
}

/** One that was accepted. A peer's reset closes it, and is no error. */
export interface Connection {
  /** Calls back with what comes, as it comes; once for each connection. */
  onData(take: (bytes: Uint8Array) => void): void
  /** Calls back once, when nothing more can be read or sent. */
  onClose(run: () => void): void
  /** From here on nothing more is read, nor kept. */
  stopReading(): void
  /** Sends, without waiting for it, then ends the connection. */
  end(bytes: Uint8Array): void
  /** Closes it at once. */
  destroy(): void
}
