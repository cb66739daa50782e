import { createNamespace, type Namespace } from '../test/lab/namespace'

export interface Path {
  readonly node: Namespace
  readonly pod: Namespace
  readonly sink: Namespace
}

/** A node with one pod, and a way out that ends soon: the frames carry a hardware address that nobody has. */
export async function createPath(label: string): Promise<Path> {
  const [node, pod, sink] = [
    await createNamespace(`${label}-node`),
    await createNamespace(`${label}-pod`),
    await createNamespace(`${label}-sink`),
  ]
  await node.sh(`sysctl -qw net.ipv4.ip_forward=1
    ip link add out type veth peer name out netns ${sink.name}; ip link set out up
    ip address add 198.51.100.1/24 dev out; ip neighbor add 198.51.100.2 lladdr 02:00:00:00:00:99 dev out
    ip link add pod type veth peer name eth0 netns ${pod.name}; ip link set pod up
    ip address add 10.244.1.1/24 dev pod`)
  await sink.sh('ip link set out up')
  await node.sh('ip route add default via 198.51.100.2')
  await pod.sh(
    `ip link set eth0 up; ip address add 10.244.1.7/24 dev eth0; ip route add default via 10.244.1.1`,
  )
  return { node, pod, sink }
}
