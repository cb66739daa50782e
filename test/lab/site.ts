import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createNamespace, type Namespace } from './namespace'
import { patienceSeconds, waitingTime } from './patience'

/**
 * A node, and what lies outside of it. Pods are added by a runtime (`runtime.ts`) or by hand.
 *
 *   outside  198.51.100.2/24, 2001:db8:51::2/64, and on its loopback the destinations below
 *      |
 *   node     198.51.100.1/24, 2001:db8:51::1/64; forwards; what leaves for the outside masqueraded has these
 *      |
 *   pods     10.244.1.0/24, fd00:244:1::/64 (by the conflists in conf/)
 */
export const NODE = { ipv4: '198.51.100.1', ipv6: '2001:db8:51::1' } as const

export const DESTINATIONS = {
  internet: '203.0.113.9',
  internet6: '2001:db8:cafe::9',
  onPrem: '192.168.77.1',
  onPrem6: 'fd77::1',
  otherNodesPod: '10.244.2.7',
  otherNodesPod6: 'fd00:244:2::7',
  linkLocal: '169.254.20.10',
} as const

export interface Site {
  readonly node: Namespace
  readonly outside: Namespace
  /** Leaves `outside` for another site. */
  deleteNode(): Promise<void>
  delete(): Promise<void>
}

/** `outside`: that of a site whose node is deleted. It takes longer to make than a node, and remembers nothing. */
export async function createSite(outside?: Namespace): Promise<Site> {
  const [node, around] = await Promise.all([createNamespace('node'), outside ?? createNamespace('outside')])
  const destinations = Object.values(DESTINATIONS).map((address) => `address add ${address} dev lo nodad`)
  await node.sh(`
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    # Datagrams of one test must not be taken for a flow of another that had the same port: the default is 30 s.
    sysctl -qw net.netfilter.nf_conntrack_udp_timeout=1 net.netfilter.nf_conntrack_udp_timeout_stream=1
    ip -batch - <<'END'
link add wan type veth peer name wan netns ${around.name}
address add ${NODE.ipv4}/24 dev wan
address add ${NODE.ipv6}/64 dev wan nodad
link set wan up
END
    ip -n ${around.name} -batch - <<'END'
address add 198.51.100.2/24 dev wan
address add 2001:db8:51::2/64 dev wan nodad
link set wan up
${outside ? '' : destinations.join('\n')}
route add 0.0.0.0/0 via ${NODE.ipv4}
route add ::/0 via ${NODE.ipv6}
END
    ip -batch - <<'END'
route add 0.0.0.0/0 via 198.51.100.2
route add ::/0 via 2001:db8:51::2
route add ${DESTINATIONS.linkLocal} via 198.51.100.2
END`)
  if (!outside) await startEchoServer(around)
  const deleteNode = async () => {
    // Its other end would go some time after the node.
    await around.sh('ip link delete wan')
    await node.delete()
  }
  return {
    node,
    outside: around,
    deleteNode,
    async delete() {
      await deleteNode()
      await around.delete()
    },
  }
}

export const POD = { ipv4: '10.244.1.7', ipv6: 'fd00:244:1::7' } as const

/** A pod without a primary plugin, and more addresses of the node's for `snatTo`. */
export async function addPodByHand(site: Site): Promise<Namespace> {
  const pod = await createNamespace('pod')
  await site.node.sh(`ip link add pod type veth peer name eth0 netns ${pod.name}
    ip address add 10.244.1.1/24 dev pod; ip address add fd00:244:1::1/64 dev pod nodad; ip link set pod up
    ip address add 198.51.100.77/24 dev wan; ip address add 198.51.100.78/24 dev wan
    ip address add 2001:db8:51::77/64 dev wan nodad preferred_lft 0`)
  await pod.sh(`ip link set eth0 up
    ip address add ${POD.ipv4}/24 dev eth0; ip address add ${POD.ipv6}/64 dev eth0 nodad
    ip route add default via 10.244.1.1; ip -6 route add default via fd00:244:1::1`)
  await startEchoServer(pod)
  return pod
}

export async function startEchoServer(namespace: Namespace): Promise<void> {
  await startListener(namespace, 'echo-server.mjs').next()
}

/** Joined when the first line is there; the further ones are the sources of datagrams. */
export async function joinGroup(namespace: Namespace, group: string, ownAddress: string) {
  const lines = startListener(namespace, 'multicast-listener.mjs', group, ownAddress)
  await lines.next()
  return lines
}

/** For protocols without sockets here: each packet that arrives is a line, its source address and port. */
export function listenRaw(namespace: Namespace, protocol: 'icmp' | 'sctp'): AsyncIterator<string> {
  return linesOf(
    namespace.start('perl', fileURLToPath(new URL('raw.pl', import.meta.url)), 'listen', protocol),
  )
}

/** One SCTP INIT. */
export async function sendSctp(from: Namespace, destination: string): Promise<void> {
  await from.sh(`perl ${fileURLToPath(new URL('raw.pl', import.meta.url))} send sctp ${destination}`)
}

function startListener(namespace: Namespace, script: string, ...args: string[]): AsyncIterator<string> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  return linesOf(namespace.start(process.execPath, path, ...args))
}

function linesOf({ stdout }: ChildProcess): AsyncIterator<string> {
  if (!stdout) throw new Error('the process has no stdout')
  return createInterface(stdout)[Symbol.asyncIterator]()
}

/** The next line, or "no answer" after so long. */
export async function nextLine(lines: AsyncIterator<string>, milliseconds = 3000): Promise<string> {
  const timeout = new Promise<string>((resolve) =>
    setTimeout(resolve, waitingTime(milliseconds), NO_ANSWER).unref(),
  )
  return Promise.race([lines.next().then(({ value }) => String(value)), timeout])
}

/** The source address that an echo server at `destination` sees of a new flow, or the reason why there is none. */
export function sourceSeen(
  from: Namespace,
  destination: string,
  protocol = 'tcp',
  port = 7007,
): Promise<string> {
  return talkTo(from, `${protocol}/${destination}/${port}`, 4)
}

/** Whether a new flow has no answer. Nobody waits long for what is not to come. */
export async function isLost(from: Namespace, destination: string): Promise<boolean> {
  return (await talkTo(from, `tcp/${destination}/7007`, 1)) === NO_ANSWER
}

const NO_ANSWER = 'no answer'

function talkTo(from: Namespace, peer: string, seconds: number): Promise<string> {
  const talk = `exec 3<>/dev/${peer}; echo hi >&3; head -n 1 <&3`
  return from.sh(`timeout ${patienceSeconds(seconds)} bash -c '${talk}' 2>&1 || echo "${NO_ANSWER}"`)
}

/** Address and port, likewise. */
export async function portSeen(
  from: Namespace,
  destination: string,
  protocol: string,
): Promise<{ address: string; port: number }> {
  const [address = '', port] = (await sourceSeen(from, destination, protocol, 7009)).split(' ')
  return { address, port: Number(port) }
}

/** A flow that stays open: each `ask` sends a line over it. */
export function openFlow(from: Namespace, destination: string): { ask(): Promise<string>; close(): void } {
  const child = from.start('bash', '-c', `exec 3<>/dev/tcp/${destination}/7007; cat <&3 & cat >&3`)
  const lines = linesOf(child)
  return {
    ask() {
      child.stdin?.write('hi\n')
      return nextLine(lines)
    },
    close: () => child.kill('SIGKILL'),
  }
}
