import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { firewall, masquerading } from '../lab/firewall'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, succeed } from '../lab/plugin'
import { addressesOf, createNetwork, type Network, readConflist } from '../lab/runtime'
import {
  createSite,
  DESTINATIONS,
  joinGroup,
  NODE,
  nextLine,
  openFlow,
  type Site,
  sourceSeen,
  startEchoServer,
} from '../lab/site'

/** Real bridge, host-local and ip-masq in one chain; what the peers of a pod see of it. */

let site: Site
let network: Network
const pods: Namespace[] = []

async function addPod(
  containerID: string,
  of = network,
): Promise<{ pod: Namespace; ipv4: string; ipv6: string }> {
  const pod = await createNamespace(containerID)
  pods.push(pod)
  const [ipv4 = '', ipv6 = ''] = addressesOf(await of.add(pod, containerID))
  return { pod, ipv4, ipv6 }
}

let a: Awaited<ReturnType<typeof addPod>>
let b: Awaited<ReturnType<typeof addPod>>

beforeAll(async () => {
  site = await createSite()
  network = await createNetwork(site.node, await readConflist('bridge-dual-stack.conflist'))
  a = await addPod('pod-a')
  b = await addPod('pod-b')
})

afterAll(async () => {
  await network?.delete()
  await Promise.all(pods.map((pod) => pod.delete()))
  await site?.delete()
})

describe.each(['tcp', 'udp'])('a pod, over %s,', (protocol) => {
  test.each([
    ['the internet', DESTINATIONS.internet, NODE.ipv4],
    ['the internet, IPv6', DESTINATIONS.internet6, NODE.ipv6],
    ['the outside end of the node’s link', '198.51.100.2', NODE.ipv4],
  ])('is masqueraded towards %s', async (_, destination, source) => {
    expect(await sourceSeen(a.pod, destination, protocol)).toBe(source)
  })

  test.each([
    ['an on-prem network', DESTINATIONS.onPrem, 'ipv4'],
    ['an on-prem network, IPv6', DESTINATIONS.onPrem6, 'ipv6'],
    ["another node's pod", DESTINATIONS.otherNodesPod, 'ipv4'],
    ["another node's pod, IPv6", DESTINATIONS.otherNodesPod6, 'ipv6'],
    ['a link-local address', DESTINATIONS.linkLocal, 'ipv4'],
  ] as const)('keeps its address towards %s', async (_, destination, family) => {
    expect(await sourceSeen(a.pod, destination, protocol)).toBe(a[family])
  })
})

describe('what is not the pod’s own traffic', () => {
  test('a client from outside keeps its address', async () => {
    await startEchoServer(a.pod)
    expect(await sourceSeen(site.outside, a.ipv4)).toBe('198.51.100.2')
    expect(await sourceSeen(site.outside, a.ipv6)).toBe('2001:db8:51::2')
  })

  test("the node's own keeps the address that it chose", async () => {
    const talk = 'exec 3<>/dev/tcp/203.0.113.9/7007; echo hi >&3; read -r -u 3 line; echo $line'
    await site.node.sh(`ip address add 198.51.100.77/24 dev wan
      ip route replace 203.0.113.9 via 198.51.100.2 src 198.51.100.77`)
    expect(await site.node.sh(talk)).toBe('198.51.100.77')
    await site.node.sh('ip route delete 203.0.113.9; ip address delete 198.51.100.77/24 dev wan')
  })

  test('a container that the plugin does not know keeps its address', async () => {
    const stranger = await createNamespace('stranger')
    pods.push(stranger)
    await site.node.sh(`ip link add stranger type veth peer name eth0 netns ${stranger.name}
      ip link set stranger master cni0 up`)
    await stranger.sh(
      'ip address add 10.244.1.200/24 dev eth0; ip link set eth0 up; ip route add default via 10.244.1.1',
    )
    expect(await sourceSeen(stranger, DESTINATIONS.internet)).toBe('10.244.1.200')
  })
})

describe('with bridge-nf-call-iptables', () => {
  beforeAll(() =>
    // Without br_netfilter bridged packets never reach postrouting, and these tests would prove nothing.
    site.node
      .sh(`modprobe -q br_netfilter || true
      sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1`)
      .then(() => {}),
  )

  test('pods of one bridge see each other’s address', async () => {
    await startEchoServer(b.pod)
    expect(await sourceSeen(a.pod, b.ipv4)).toBe(a.ipv4)
    expect(await sourceSeen(a.pod, b.ipv6)).toBe(a.ipv6)
  })

  test('multicast keeps the pod’s address', async () => {
    const sources = await joinGroup(b.pod, '239.1.1.1', b.ipv4)
    await a.pod.sh('for i in 1 2 3 4 5; do echo hi > /dev/udp/239.1.1.1/7008; sleep 0.1; done')
    expect(await nextLine(sources)).toBe(a.ipv4)
  })

  test('and without the exemptions neither would be so: the packets do cross postrouting', async () => {
    const config = configWith([`${a.ipv4}/32`], { nonMasqueradeCIDRs: [] })
    await succeed(site.node, 'ADD', { containerID: 'pod-a', config })
    expect(await sourceSeen(a.pod, b.ipv4)).toBe('10.244.1.1')
    await succeed(site.node, 'ADD', {
      containerID: 'pod-a',
      config: configWith([`${a.ipv4}/24`, `${a.ipv6}/64`]),
    })
    expect(await sourceSeen(a.pod, b.ipv4)).toBe(a.ipv4)
  })
})

describe('flows that are established', () => {
  test('survive the ADD and DEL of another pod', async () => {
    const flow = openFlow(a.pod, DESTINATIONS.internet)
    expect(await flow.ask()).toBe(NODE.ipv4)
    const c = await addPod('pod-c')
    expect(await flow.ask()).toBe(NODE.ipv4)
    await network.del(c.pod, 'pod-c')
    expect(await flow.ask()).toBe(NODE.ipv4)
    flow.close()
  })
})

describe('after a flush of the ruleset', () => {
  test('the next ADD sets everything up again', async () => {
    await site.node.sh(firewall.flush)
    const f = await addPod('pod-f')
    expect(await sourceSeen(f.pod, DESTINATIONS.internet)).toBe(NODE.ipv4)
    expect(await sourceSeen(f.pod, DESTINATIONS.internet6)).toBe(NODE.ipv6)
    expect(await sourceSeen(f.pod, DESTINATIONS.onPrem)).toBe(f.ipv4)
  })
})

describe('a list that has changed', () => {
  test('stands after the next ADD of the same attachment', async () => {
    const g = await addPod('pod-g')
    const ips = [`${g.ipv4}/24`, `${g.ipv6}/64`]
    const addWith = (nonMasqueradeCIDRs: string[], keys = {}) =>
      succeed(site.node, 'ADD', {
        containerID: 'pod-g',
        config: configWith(ips, { nonMasqueradeCIDRs, ...keys }),
      })
    await addWith(['203.0.113.0/24', '2001:db8:cafe::/48'])
    expect(await sourceSeen(g.pod, DESTINATIONS.internet)).toBe(g.ipv4)
    expect(await sourceSeen(g.pod, DESTINATIONS.internet6)).toBe(g.ipv6)
    expect(await sourceSeen(g.pod, DESTINATIONS.onPrem)).toBe(NODE.ipv4)
    await addWith([], { masqLinkLocal: true })
    expect(await sourceSeen(g.pod, DESTINATIONS.internet)).toBe(NODE.ipv4)
    expect(await sourceSeen(g.pod, DESTINATIONS.linkLocal)).toBe(NODE.ipv4)
    await addWith(['0.0.0.0/0', '::/0'])
    expect(await sourceSeen(g.pod, DESTINATIONS.internet)).toBe(g.ipv4)
    expect(await sourceSeen(g.pod, DESTINATIONS.internet6)).toBe(g.ipv6)
    expect(
      await callPlugin(site.node, 'CHECK', {
        containerID: 'pod-g',
        config: configWith(ips, { nonMasqueradeCIDRs: ['0.0.0.0/0', '::/0'] }),
      }),
    ).toMatchObject({ status: 0 })
  })
})

describe('after DEL', () => {
  test('the pod is not masqueraded any more, and its neighbour is', async () => {
    const [h, i] = [await addPod('pod-h'), await addPod('pod-i')]
    expect(await sourceSeen(h.pod, DESTINATIONS.internet)).toBe(NODE.ipv4)
    await succeed(site.node, 'DEL', { containerID: 'pod-h', config: '' })
    expect(await sourceSeen(h.pod, DESTINATIONS.internet)).toBe(h.ipv4)
    expect(await sourceSeen(i.pod, DESTINATIONS.internet)).toBe(NODE.ipv4)
  })

  test('of the last pod, its flows go on while it shuts down', async () => {
    const j = await addPod('pod-j')
    const flow = openFlow(j.pod, DESTINATIONS.internet)
    expect(await flow.ask()).toBe(NODE.ipv4)
    for (const name of 'abcdefghij')
      await succeed(site.node, 'DEL', { containerID: `pod-${name}`, config: '' })
    expect(await masquerading(site.node)).toEqual([])
    expect(await flow.ask()).toBe(NODE.ipv4)
    flow.close()
  })
})
