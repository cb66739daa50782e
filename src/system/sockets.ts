/** Sockets other than netlink's: `#system/sockets`. Only loops use them. */
export interface Sockets {
  /**
   * Listens for connections. From then on it calls `listening`, or `failed` with the system's message (EADDRINUSE,
   * EACCES). After `failed` nothing listens any more, and the caller may try again.
   */
  listenAt(endpoint: Endpoint, listener: Listener): void
  /** Whether somebody accepts connections on a socket in the file system within this time. */
  doesAnswer(path: string, milliseconds: number): Promise<boolean>
}

export interface Endpoint {
  /** Four bytes of an IPv4 address, or 16 of an IPv6 address. All 0 means every address of the machine. */
  readonly address: Uint8Array
  /** The address as text. */
  readonly host: string
  readonly port: number
  /** Address and port, as in `127.0.0.1:80` and `[::1]:80`. */
  readonly text: string
}

export interface Listener {
  listening(): void
  failed(message: string): void
  connected(connection: Connection): void
}

/** An accepted connection. If the peer resets it, it is closed without an error. */
export interface Connection {
  /** Calls `take` with the bytes as they come. May be called once for each connection. */
  onData(take: (bytes: Uint8Array) => void): void
  /** Calls `run` once, when nothing more can be read or sent. */
  onClose(run: () => void): void
  /** Ends reading: later bytes are neither read nor kept. */
  stopReading(): void
  /** Sends without waiting, then ends the connection. */
  end(bytes: Uint8Array): void
  /** Closes it at once. */
  destroy(): void
}
