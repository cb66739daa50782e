// Joins a group (arguments: group, own address) on port 7008 and prints where each datagram came from.
import { createSocket } from 'node:dgram'

const [group, ownAddress] = process.argv.slice(2)
const socket = createSocket('udp4')
socket.on('message', (_, { address }) => process.stdout.write(`${address}\n`))
socket.bind(7008, () => {
  socket.addMembership(group, ownAddress)
  process.stdout.write('ready\n')
})
