import { closeSync, openSync } from 'node:fs'
import { openLibc } from './bun-libc'

const libc = openLibc({
  setns: { args: ['int', 'int'], returns: 'int' },
  socket: { args: ['int', 'int', 'int'], returns: 'int' },
  bind: { args: ['int', 'ptr', 'int'], returns: 'int' },
  sendto: { args: ['int', 'ptr', 'usize', 'int', 'ptr', 'int'], returns: 'isize' },
  close: { args: ['int'], returns: 'int' },
})

const [CLONE_NEWNET, AF_INET, SOCK_DGRAM] = [0x40000000, 2, 2]

/** From here on this thread, and every process that it starts, is in the namespace: no `ip netns exec` is timed. */
export function enter(namespacePath: string): void {
  const descriptor = openSync(namespacePath, 'r')
  if (libc.setns(descriptor, CLONE_NEWNET) !== 0) throw new Error(`cannot enter ${namespacePath}`)
  closeSync(descriptor)
}

let port = 0

/**
 * Microseconds per new flow: datagrams to ever new destination ports from one socket of the namespace entered. The
 * kernel carries each through the whole path (pod, node, out) before sendto returns.
 */
export function timeNewFlows(source: string, destination: string, flows: number): number {
  const descriptor = libc.socket(AF_INET, SOCK_DGRAM, 0)
  if (libc.bind(descriptor, socketAddress(source, 0), 16) !== 0) throw new Error(`cannot bind ${source}`)
  const [payload, peer] = [new Uint8Array(8), socketAddress(destination, 0)]
  const started = performance.now()
  for (let i = 0; i < flows; i++) {
    port = (port % 65535) + 1
    peer[2] = port >> 8
    peer[3] = port & 0xff
    libc.sendto(descriptor, payload, payload.length, 0, peer, peer.length)
  }
  const microseconds = ((performance.now() - started) * 1000) / flows
  libc.close(descriptor)
  return microseconds
}

/** struct sockaddr_in: family in host order, port and address in network order. */
function socketAddress(address: string, portNumber: number): Uint8Array {
  return Uint8Array.from([
    AF_INET,
    0,
    portNumber >> 8,
    portNumber & 0xff,
    ...address.split('.').map(Number),
    ...Array(8).fill(0),
  ])
}
