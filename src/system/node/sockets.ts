import { createConnection, createServer, type Socket } from 'node:net'
import type { Connection, Endpoint, Listener } from '../sockets'

export function listenAt({ host, port }: Endpoint, { listening, failed, connected }: Listener): void {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    connected(connectionOf(socket))
  })
  server.on('listening', listening)
  server.on('error', (error) => {
    if (server.listening) server.close()
    failed(error.message)
  })
  server.listen({ host, port })
}

function connectionOf(socket: Socket): Connection {
  return {
    onData: (take) => socket.on('data', take),
    onClose: (run) => socket.once('close', run),
    stopReading() {
      socket.removeAllListeners('data')
      socket.pause()
    },
    end: (bytes) => socket.end(bytes),
    destroy: () => socket.destroy(),
  }
}

export function doesAnswer(path: string, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection({ path })
    const end = (isAlive: boolean) => {
      connection.destroy()
      resolve(isAlive)
    }
    connection.setTimeout(milliseconds, () => end(false))
    connection.once('connect', () => end(true))
    connection.once('error', () => end(false))
  })
}
