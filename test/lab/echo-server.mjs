// Answers every line (TCP) or datagram (UDP) with what a peer of a pod sees of it: on port 7007 the address that it came
// from, on 7009 its port too.
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

const plain = (address) => address.replace('::ffff:', '')

const answers = {
  7007: (address) => `${address}\n`,
  7009: (address, port) => `${address} ${port}\n`,
}

const servers = Object.entries(answers).map(([port, answer]) => {
  const server = createServer((socket) => {
    const text = answer(plain(socket.remoteAddress ?? ''), socket.remotePort)
    socket.on('data', () => socket.write(text))
    socket.on('error', () => {})
  })
  return server.listen(Number(port), '::')
})

// A socket for each address: an answer has to come from where the question went.
const interfaces = JSON.parse(execFileSync('ip', ['-j', 'address'], { encoding: 'utf8' }))
const sockets = interfaces
  .flatMap(({ addr_info }) => addr_info)
  .filter(({ scope, family }) => scope !== 'link' || family === 'inet')
  .flatMap(({ local, family }) =>
    Object.entries(answers).map(([port, answer]) => {
      const socket = createSocket(family === 'inet6' ? 'udp6' : 'udp4')
      socket.on('message', (_, peer) => socket.send(answer(peer.address, peer.port), peer.port, peer.address))
      return socket.bind(Number(port), local)
    }),
  )

await Promise.all([...servers, ...sockets].map((listener) => once(listener, 'listening')))
process.stdout.write('ready\n')
