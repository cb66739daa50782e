import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CachedNetwork } from '../lab/cached-network'
import { createCachedNetwork } from '../lab/cached-network'
import type { Finding } from '../lab/doctor-site'
import type { Namespace } from '../lab/namespace'
import { EXECUTABLES } from '../lab/plugin'
import { WRITABLE_PROC } from '../lab/proc'
import { addPodByHand, createSite, DESTINATIONS, NODE, POD, type Site } from '../lab/site'

/** Source ports that run out, in a real kernel: a pod with a few ports, and as many connections to one destination. */

const PORTS = 20
const DESTINATION = { address: DESTINATIONS.internet, port: 4444 }

let site: Site
let pod: Namespace
let network: CachedNetwork
beforeAll(async () => {
  site = await createSite()
  pod = await addPodByHand(site)
  network = await createCachedNetwork(site.node)
  await network.writeConflist({ toPorts: `20000-${20_000 + PORTS - 1}`, randomFully: false })
  await network.add('a', [`${POD.ipv4}/24`])
  // What was sent is to be there still when the doctor looks.
  await site.node.sh('sysctl -qw net.netfilter.nf_conntrack_udp_timeout=120')
})
afterAll(async () => {
  await network.delete()
  await pod.delete()
  await site.delete()
})

/** As in a kernel without CONFIG_NF_CONNTRACK_PROCFS. */
const NO_COUNTERS = `${WRITABLE_PROC}\nrm /proc/net/stat`

/** Datagrams from so many ports of the pod's, each a connection of its own. */
const open = (first: number, count: number) =>
  pod.sh(`for i in $(seq ${first} ${first + count - 1}); do
    python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[1])))
s.sendto(b"x", ("${DESTINATION.address}", ${DESTINATION.port}))' $i || true
  done`)

const find = async (check = 'source-ports', more: Parameters<CachedNetwork['command']>[1] = {}) => {
  const { stdout } = await network.command('doctor --json', more)
  const findings: readonly Finding[] = JSON.parse(stdout).findings
  return findings.filter((one) => one.check === check).map(({ level, what }) => `${level}: ${what}`)
}

const used = (count: number) =>
  `${count} of ${PORTS} source ports of ${NODE.ipv4} are in use towards ${DESTINATION.address}:${DESTINATION.port} (udp), ${count} of them by ${POD.ipv4}`

test('source ports of which fewer and fewer are left, and then none', async () => {
  await open(30_000, 3)
  expect(await find()).toEqual(['ok: there are too few connections to use up the source ports'])
  await open(30_003, 14)
  expect(await find()).toEqual([`warning: ${used(17)}`])
  await open(30_017, 3)
  expect(await find()).toEqual([`error: ${used(20)}`])
  expect(await find('conntrack-losses')).toEqual(['ok: conntrack has lost no packet of a new connection'])
  await open(30_020, 3)
  const lost = ['note: conntrack has lost packets since the boot: insert_failed 3; drop 3']
  expect(await find('conntrack-losses')).toEqual(lost)
  // The same by netlink.
  expect(await find('conntrack-losses', { before: NO_COUNTERS })).toEqual(lost)
})

test('counters that a process cannot read in /proc, and has no netlink for', async () => {
  const more = { before: NO_COUNTERS, executable: EXECUTABLES.node }
  expect(await find('conntrack-losses', more)).toEqual(['note: the counters of conntrack cannot be read'])
})
