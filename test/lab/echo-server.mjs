// Answers every line (TCP) or datagram (UDP) on port 7007 with the address that it came from: what a peer of a pod
// sees of it.
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'

const plain = (address) => address.replace('::ffff:', '')

const server = createServer((socket) => {
  const address = plain(socket.remoteAddress ?? '')
  socket.on('data', () => socket.write(`${address}\n`))
  socket.on('error', () => {})
})
server.listen(7007, '::')

// A socket for each address: an answer has to come from where the question went.
const interfaces = JSON.parse(execFileSync('ip', ['-j', 'address'], { encoding: 'utf8' }))
const sockets = interfaces
  .flatMap(({ addr_info }) => addr_info)
  .filter(({ scope, family }) => scope !== 'link' || family === 'inet')
  .map(({ local, family }) => {
    const socket = createSocket(family === 'inet6' ? 'udp6' : 'udp4')
    socket.on('message', (_, peer) => socket.send(`${peer.address}\n`, peer.port, peer.address))
    return socket.bind(7007, local)
  })

await Promise.all([server, ...sockets].map((listener) => once(listener, 'listening')))
process.stdout.write('ready\n')
