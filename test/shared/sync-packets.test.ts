import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { firewall } from '../lab/firewall'
import { createNamespace, type Namespace } from '../lab/namespace'
import { addressesOf, createNetwork, type Network, readConflist } from '../lab/runtime'
import { createSite, DESTINATIONS, NODE, openFlow, type Site, sourceSeen } from '../lab/site'

/** What a pod's peers see while sync is at work. */

let site: Site
let network: Network
let cached: CachedNetwork
let pod: Namespace
let ipv4 = ''
beforeAll(async () => {
  site = await createSite()
  cached = await createCachedNetwork(site.node)
  network = await createNetwork(site.node, await readConflist('bridge-dual-stack.conflist'))
  pod = await createNamespace('pod')
  const [own = '', own6 = ''] = addressesOf(await network.add(pod, 'c1'))
  ipv4 = own
  await cached.cache('c1', [`${own}/24`, `${own6}/64`], { netns: pod.path })
})
afterAll(async () => {
  await network?.delete()
  await cached?.delete()
  await pod?.delete()
  await site?.delete()
})

test('no flow goes out unmasqueraded while the list changes back and forth', async () => {
  const flows = pod.sh(`for i in $(seq 4000); do
    exec 3<>/dev/tcp/${DESTINATIONS.internet}/7007; echo hi >&3; read -r -u 3 line; echo $line; exec 3>&-
  done | sort | uniq -c | xargs`)
  let isDone = false
  flows.finally(() => {
    isDone = true
  })
  let changes = 0
  while (!isDone) {
    await cached.writeConflist({ nonMasqueradeCIDRs: [`192.0.2.${changes++ % 250}/32`] })
    expect((await cached.command('sync')).lines).toContain('1 attachment, 1 changed')
  }
  expect(changes).toBeGreaterThan(1)
  expect(await flows).toBe(`4000 ${NODE.ipv4}`)
})

test('new flows follow the list, and those that are established keep what they have', async () => {
  await cached.writeConflist({})
  await cached.command('sync')
  const flow = openFlow(pod, DESTINATIONS.internet)
  expect(await flow.ask()).toBe(NODE.ipv4)
  await cached.writeConflist({ nonMasqueradeCIDRs: ['203.0.113.0/24', 'fc00::/7'] })
  await cached.command('sync')
  expect(await sourceSeen(pod, DESTINATIONS.internet)).toBe(ipv4)
  expect(await flow.ask()).toBe(NODE.ipv4)
  flow.close()
})

test('after a flush and a sync the pod is masqueraded again', async () => {
  await cached.writeConflist({})
  await site.node.sh(firewall.flush)
  expect(await sourceSeen(pod, DESTINATIONS.internet)).toBe(ipv4)
  await cached.command('sync')
  expect(await sourceSeen(pod, DESTINATIONS.internet)).toBe(NODE.ipv4)
  expect(await sourceSeen(pod, DESTINATIONS.internet6)).toBe(NODE.ipv6)
})
