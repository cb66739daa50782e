import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { firewall, masquerading } from '../lab/firewall'
import type { Namespace } from '../lab/namespace'
import { callPlugin, configWith, type PluginCall, PREFIX, succeed } from '../lab/plugin'
import {
  addPodByHand,
  createSite,
  DESTINATIONS,
  listenRaw,
  NODE,
  nextLine,
  POD,
  portSeen,
  type Site,
  sendSctp,
  sourceSeen,
} from '../lab/site'

/** Every key of the policy language, by the source address that a peer sees. One pod, ADDed anew for each case. */

const { internet, internet6, onPrem, onPrem6, otherNodesPod, linkLocal } = DESTINATIONS

let site: Site
let pod: Namespace
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-policy-'))
  site = await createSite()
  pod = await addPodByHand(site)
})

afterAll(async () => {
  await rm(directory, { recursive: true })
  await pod?.delete()
  await site?.delete()
})

afterEach(() => site.node.sh('nft list tables | grep -q "inet other" && nft delete table inet other || true'))

const callWith = (keys: Record<string, unknown>, call: PluginCall = {}) => ({
  ...call,
  containerID: 'c1',
  config: configWith([`${POD.ipv4}/24`, `${POD.ipv6}/64`], keys),
})

/** ADD, and a CHECK that finds nothing: what the tool prints is what was written. */
async function add(keys: Record<string, unknown>, call: PluginCall = {}): Promise<string> {
  const { stderr } = await succeed(site.node, 'ADD', callWith(keys, call))
  expect(await callPlugin(site.node, 'CHECK', callWith(keys, call))).toMatchObject({ status: 0, stdout: '' })
  return stderr
}

const seen = (destination: string, protocol?: string) => sourceSeen(pod, destination, protocol)

describe('masqueradeCIDRs', () => {
  test('an exception to an exempt prefix, and to the defaults', async () => {
    await add({ masqueradeCIDRs: ['192.168.77.0/24', 'fd77::/64'] })
    expect(await seen(onPrem)).toBe(NODE.ipv4)
    expect(await seen(onPrem6)).toBe(NODE.ipv6)
    expect(await seen(otherNodesPod)).toBe(POD.ipv4)
  })

  test('the longest prefix decides', async () => {
    await add({
      nonMasqueradeCIDRs: ['0.0.0.0/0', '203.0.113.9/32', '::/0', '2001:db8:cafe::9/128'],
      masqueradeCIDRs: ['203.0.113.0/24', '192.168.0.0/16', '2001:db8:cafe::/48', 'fd77::/16'],
    })
    expect(await seen(internet)).toBe(POD.ipv4)
    expect(await seen(internet6)).toBe(POD.ipv6)
    expect(await seen(onPrem)).toBe(NODE.ipv4)
    expect(await seen(onPrem6)).toBe(NODE.ipv6)
  })

  test('one link-local address', async () => {
    await add({ masqueradeCIDRs: [`${linkLocal}/32`] })
    expect(await seen(linkLocal)).toBe(NODE.ipv4)
  })

  test('a prefix in both lists is refused, and the old rules stand', async () => {
    await add({})
    const before = await firewall.list(site.node)
    const both = { nonMasqueradeCIDRs: ['10.0.0.0/8'], masqueradeCIDRs: ['10.0.0.0/8'] }
    expect(await callPlugin(site.node, 'ADD', callWith(both))).toMatchObject({
      status: 1,
      json: {
        code: 7,
        msg: 'Cannot use masqueradeCIDRs[0] "10.0.0.0/8": nonMasqueradeCIDRs has the same prefix; remove one of the two',
      },
    })
    expect(await firewall.list(site.node)).toEqual(before)
  })
})

test('nonMasqueradeDefaults: reserved', async () => {
  await add({ nonMasqueradeDefaults: 'reserved' })
  expect(await seen(internet)).toBe(POD.ipv4)
  expect(await seen(internet6)).toBe(POD.ipv6)
})

describe('ipv4, ipv6', () => {
  test('IPv6 off', async () => {
    await add({ ipv6: false })
    expect(await seen(internet)).toBe(NODE.ipv4)
    expect(await seen(internet6)).toBe(POD.ipv6)
  })

  test('IPv4 off', async () => {
    await add({ ipv4: false })
    expect(await seen(internet)).toBe(POD.ipv4)
    expect(await seen(internet6)).toBe(NODE.ipv6)
  })

  test('both off', async () => {
    await add({ ipv4: false, ipv6: false })
    expect(await seen(internet)).toBe(POD.ipv4)
    expect(await seen(internet6)).toBe(POD.ipv6)
  })
})

describe('toPorts', () => {
  const count = 24
  const portsOf = async (destination: string, protocol: string) =>
    Promise.all(Array.from({ length: count }, () => portSeen(pod, destination, protocol)))

  test.each([
    ['tcp', internet, NODE.ipv4],
    ['udp', internet, NODE.ipv4],
    ['tcp', internet6, NODE.ipv6],
    ['udp', internet6, NODE.ipv6],
  ])('%s towards %s: both ranges are used, and no other port', async (protocol, destination, address) => {
    await add({ toPorts: '2000-2999,5000-5999' })
    const all = await portsOf(destination, protocol)
    expect(new Set(all.map((one) => one.address))).toEqual(new Set([address]))
    const inside = (first: number, last: number) =>
      all.filter(({ port }) => port >= first && port <= last).length
    expect(inside(2000, 2999) + inside(5000, 5999)).toBe(count)
    // One in 2^23 that one of them is never drawn.
    expect(inside(2000, 2999)).toBeGreaterThan(0)
    expect(inside(5000, 5999)).toBeGreaterThan(0)
  })

  test('in proportion to their sizes', async () => {
    await add({ toPorts: '3,5000-5999' })
    const all = await portsOf(internet, 'udp')
    expect(all.filter(({ port }) => port >= 5000).length).toBeGreaterThan(count - 3)
  })

  // Two destinations: one port is one flow to each.
  test.each([
    [true, internet],
    [false, '198.51.100.2'],
  ])('a single port, randomFully %s', async (randomFully, destination) => {
    await add({ toPorts: '4242', randomFully })
    expect(await portSeen(pod, destination, 'udp')).toEqual({ address: NODE.ipv4, port: 4242 })
  })

  test('sctp', async () => {
    await add({ toPorts: '4242' })
    const packets = listenRaw(site.outside, 'sctp')
    await packets.next()
    await sendSctp(pod, internet)
    expect(await nextLine(packets)).toBe(`${NODE.ipv4} 4242`)
  })

  test('other protocols are masqueraded without', async () => {
    await add({ toPorts: '4242' })
    const packets = listenRaw(site.outside, 'icmp')
    await packets.next()
    await pod.sh(`busybox ping -c 1 -W 2 ${internet}`)
    expect(await nextLine(packets)).toBe(NODE.ipv4)
  })
})

describe('snatTo', () => {
  test('an address for each family', async () => {
    await add({ snatTo: { ipv4: '198.51.100.77', ipv6: '2001:db8:51::77' } })
    expect(await seen(internet)).toBe('198.51.100.77')
    expect(await seen(internet, 'udp')).toBe('198.51.100.77')
    expect(await seen(internet6)).toBe('2001:db8:51::77')
    expect(await seen(onPrem)).toBe(POD.ipv4)
  })

  test('of one family: the other is masqueraded', async () => {
    await add({ snatTo: { ipv4: '198.51.100.77' } })
    expect(await seen(internet)).toBe('198.51.100.77')
    expect(await seen(internet6)).toBe(NODE.ipv6)
  })

  test('a range', async () => {
    await add({ snatTo: { ipv4: '198.51.100.77-198.51.100.78' } })
    expect(['198.51.100.77', '198.51.100.78']).toContain(await seen(internet))
  })

  test('a range that is a prefix, with ports: nft prints it in other words', async () => {
    const snatTo = { ipv4: '198.51.100.76-198.51.100.77', ipv6: '2001:db8:51::76-2001:db8:51::77' }
    await site.node.sh(
      'ip address add 198.51.100.76/24 dev wan; ip address add 2001:db8:51::76/64 dev wan nodad preferred_lft 0',
    )
    await add({ snatTo, toPorts: '4000-4001,5000-5999', randomFully: false })
    const { address, port } = await portSeen(pod, internet, 'tcp')
    expect(['198.51.100.76', '198.51.100.77']).toContain(address)
    expect(port).toBeGreaterThanOrEqual(4000)
    expect(port).toBeLessThanOrEqual(5999)
    expect((await portSeen(pod, internet6, 'udp')).address).toMatch(/^2001:db8:51::7[67]$/)
  })

  test('of one family, with ports in both', async () => {
    await add({ snatTo: { ipv4: '198.51.100.77' }, toPorts: '4000-4009,5000-5009' })
    for (let i = 0; i < 8; i++) {
      expect((await portSeen(pod, internet, 'udp')).address).toBe('198.51.100.77')
      expect((await portSeen(pod, internet6, 'udp')).address).toBe(NODE.ipv6)
    }
  })
})

describe('outInterfaces', () => {
  test.each([
    [['wan'], NODE.ipv4],
    [['eth0', 'wan'], NODE.ipv4],
    [['wa+'], NODE.ipv4],
    [['wa*'], NODE.ipv4],
    [['eth0'], POD.ipv4],
    [['wa'], POD.ipv4],
    [['wan0', 'bond+'], POD.ipv4],
  ])('%j: %s', async (outInterfaces, source) => {
    await add({ outInterfaces })
    expect(await seen(internet)).toBe(source)
    expect(await seen(onPrem)).toBe(POD.ipv4)
  })

  test('with everything else', async () => {
    await add({
      outInterfaces: ['wan', 'bond*'],
      toPorts: '4343',
      snatTo: { ipv6: '2001:db8:51::77' },
      pinExemptions: true,
    })
    expect(await portSeen(pod, internet, 'udp')).toEqual({ address: NODE.ipv4, port: 4343 })
    expect(await portSeen(pod, internet6, 'udp')).toEqual({ address: '2001:db8:51::77', port: 4343 })
    expect(await seen(onPrem)).toBe(POD.ipv4)
  })
})

/** Another component that gives its own address to whatever it sees, after us. */
const OTHER = '198.51.100.78'
const later = {
  nft: `nft -f - <<< 'table inet other {
    chain post { type nat hook postrouting priority srcnat; ip saddr 10.244.1.0/24 snat ip to ${OTHER}; }
  }'`,
  'iptables-nft': `iptables-nft -t nat -A POSTROUTING -s 10.244.1.0/24 -j SNAT --to-source ${OTHER}`,
  'iptables-legacy': `iptables-legacy -t nat -A POSTROUTING -s 10.244.1.0/24 -j SNAT --to-source ${OTHER}`,
} as const

/** nft's base chain has a priority of its own; iptables' rules come before those of its own kind only (docs/iptables.md). */
const inReach = Object.entries(later).filter(([tool]) => ['nftables', tool].includes(firewall.name))

describe.each(inReach)('pinExemptions, before a later SNAT by %s,', (tool, script) => {
  beforeAll(() => site.node.sh(script).then(() => {}))
  afterAll(() => site.node.sh(tool === 'nft' ? 'true' : remove).then(() => {}))
  const remove = script.replace(' -A ', ' -D ')
  const install = () =>
    tool === 'nft' ? site.node.sh(`nft list table inet other >/dev/null 2>&1 || ${script}`) : ''

  test('off: it has the last word on exempt flows', async () => {
    await install()
    await add({})
    expect(await seen(onPrem)).toBe(OTHER)
    expect(await seen(internet)).toBe(NODE.ipv4)
  })

  test('on: exempt flows keep the pod’s address', async () => {
    await install()
    await add({ pinExemptions: true })
    expect(await seen(onPrem)).toBe(POD.ipv4)
    expect(await seen(onPrem, 'udp')).toBe(POD.ipv4)
    expect(await seen(onPrem6)).toBe(POD.ipv6)
    expect(await seen(internet)).toBe(NODE.ipv4)
  })
})

describe('Services, with a later SNAT by another component', () => {
  // What kube-proxy does, in short: a Service's address becomes an endpoint's before routing.
  const services = { own: '10.96.0.1', exempt: '10.96.0.2', internet: '10.96.0.3' }
  const byNft = `nft -f - <<< 'table inet other {
      chain pre { type nat hook prerouting priority dstnat
        ip daddr ${services.own} dnat ip to ${POD.ipv4}
        ip daddr ${services.exempt} dnat ip to ${onPrem}
        ip daddr ${services.internet} dnat ip to ${internet}
      }
      chain post { type nat hook postrouting priority srcnat; ip saddr 10.244.1.0/24 snat ip to ${OTHER}; }
    }'`
  const byIptables = [
    ...Object.entries({
      [services.own]: POD.ipv4,
      [services.exempt]: onPrem,
      [services.internet]: internet,
    }).map(([service, endpoint]) => `-A PREROUTING -d ${service} -j DNAT --to-destination ${endpoint}`),
    `-A POSTROUTING -s 10.244.1.0/24 -j SNAT --to-source ${OTHER}`,
  ].map((rule) => `${firewall.name} -t nat ${rule}`)
  const addOther = () => site.node.sh(firewall.name === 'nftables' ? byNft : byIptables.join('\n'))
  afterEach(() =>
    site.node
      .sh(firewall.name === 'nftables' ? 'true' : byIptables.join('\n').replaceAll(' -A ', ' -D '))
      .then(() => {}),
  )

  test.each([false, true])('pinExemptions %s: they are as ever', async (pinExemptions) => {
    await addOther()
    await add({ pinExemptions })
    // A pod that got its own packet with its own address as the source would not answer.
    expect(await seen(services.own)).toBe(OTHER)
    expect(await seen(services.exempt)).toBe(OTHER)
    expect(await seen(services.internet)).toBe(NODE.ipv4)
    expect(await seen(onPrem)).toBe(pinExemptions ? POD.ipv4 : OTHER)
  })
})

describe('policies, as on Windows', () => {
  const outboundNat = (value: Record<string, unknown>) => ({
    name: 'EndpointPolicy',
    value: { Type: 'OutBoundNAT', ...value },
  })

  test('HNS v1 and HCN v2: exceptions, merged with each other and with the list', async () => {
    const policies = [
      { name: 'EndpointPolicy', value: { Type: 'ROUTE', DestinationPrefix: '10.0.0.0/8', NeedEncap: true } },
      outboundNat({ ExceptionList: ['203.0.113.0/24'] }),
      outboundNat({ Settings: { Exceptions: ['2001:db8:cafe::/48'] } }),
    ]
    await add({ policies, nonMasqueradeCIDRs: ['10.244.0.0/16'] })
    expect(await seen(internet)).toBe(POD.ipv4)
    expect(await seen(internet6)).toBe(POD.ipv6)
    expect(await seen(otherNodesPod)).toBe(POD.ipv4)
    expect(await seen(onPrem)).toBe(NODE.ipv4)
  })

  test('Destinations of one do not limit another, and each may have a source of its own', async () => {
    const policies = [
      outboundNat({ Settings: { Exceptions: ['192.168.0.0/16', '11.0.0.0/8', '10.124.24.0/23'] } }),
      outboundNat({
        Settings: {
          VirtualIP: '2001:db8:51::77',
          Destinations: [onPrem6, 'fd01::193'],
          Exceptions: ['fd03::100/120'],
        },
      }),
    ]
    await add({ policies })
    expect(await seen(internet)).toBe(NODE.ipv4)
    expect(await seen(onPrem)).toBe(POD.ipv4)
    expect(await seen(onPrem6)).toBe('2001:db8:51::77')
    expect(await seen(internet6)).toBe(NODE.ipv6)
  })

  test('exceptions of one do not exempt from another', async () => {
    const policies = [
      outboundNat({ ExceptionList: ['10.244.0.0/16', '192.168.0.0/16'] }),
      outboundNat({ Destinations: [otherNodesPod] }),
    ]
    await add({ policies })
    expect(await seen(internet)).toBe(NODE.ipv4)
    expect(await seen(onPrem)).toBe(POD.ipv4)
    expect(await seen(otherNodesPod)).toBe(NODE.ipv4)
  })

  test('sources of their own, by interface and with ports', async () => {
    const policies = [
      outboundNat({ ExceptionList: ['192.168.0.0/16'] }),
      outboundNat({ Destinations: [otherNodesPod], VIP: '198.51.100.77' }),
      outboundNat({ Destinations: ['169.254.0.0/16', '10.0.0.0/8'], VIP: '198.51.100.78' }),
    ]
    const keys = { policies, masqLinkLocal: true, toPorts: '20000-20099' }
    await add({ ...keys, outInterfaces: ['wan', 'bond+'] })
    expect(await seen(internet)).toBe(NODE.ipv4)
    expect(await seen(otherNodesPod)).toBe('198.51.100.77')
    expect(await seen(linkLocal)).toBe('198.51.100.78')
    const { address, port } = await portSeen(pod, otherNodesPod, 'tcp')
    expect([address, Math.floor(port / 100)]).toEqual(['198.51.100.77', 200])
    await add({ ...keys, outInterfaces: ['bond+'] })
    expect(await seen(internet)).toBe(POD.ipv4)
    expect(await seen(otherNodesPod)).toBe(POD.ipv4)
  })

  test('elements of HcnPolicyArgs, as they are', async () => {
    await add({ policies: [{ Type: 'OutBoundNAT', Settings: { Exceptions: ['203.0.113.0/24'] } }] })
    expect(await seen(internet)).toBe(POD.ipv4)
    expect(await seen(onPrem)).toBe(NODE.ipv4)
  })

  test('a list given only there replaces the default list', async () => {
    await add({ policies: [outboundNat({ ExceptionList: [internet] })] })
    expect(await seen(internet)).toBe(POD.ipv4)
    expect(await seen(onPrem)).toBe(NODE.ipv4)
  })

  test('Destinations limit masquerade to them, and an exempt one stays exempt', async () => {
    await add({ policies: [outboundNat({ Settings: { Destinations: ['203.0.113.0/24', onPrem] } })] })
    expect(await seen(internet)).toBe(NODE.ipv4)
    expect(await seen('198.51.100.2')).toBe(POD.ipv4)
    expect(await seen(onPrem)).toBe(POD.ipv4)
    expect(await seen(internet6)).toBe(POD.ipv6)
  })

  test('VirtualIP is the source', async () => {
    await add({ policies: [outboundNat({ Settings: { VirtualIP: '198.51.100.77' } })] })
    expect(await seen(internet)).toBe('198.51.100.77')
  })

  test('what Linux has no counterpart for is told', async () => {
    const stderr = await add({ policies: [outboundNat({ Settings: { MaxPortPoolUsage: 100 } })] })
    expect(stderr).toBe(
      `${PREFIX}policies[0].value.Settings.MaxPortPoolUsage is ignored, because it has no counterpart on Linux`,
    )
  })
})

describe('configFiles', () => {
  test('YAML and JSON, by path and by glob, merged with the list', async () => {
    await mkdir(join(directory, 'agent'))
    await writeFile(join(directory, 'agent', 'cloud.yaml'), 'nonMasqueradeCIDRs:\n- 203.0.113.0/24\n')
    await writeFile(join(directory, 'agent', 'user.yaml'), 'masqLinkLocal: true\nresyncInterval: 60s\n')
    await writeFile(join(directory, 'one.json'), '{"nonMasqueradeCIDRs": ["2001:db8:cafe::/48"]}')
    const configFiles = [join(directory, 'agent', '*'), join(directory, 'one.json')]
    const stderr = await add({ configFiles, nonMasqueradeCIDRs: ['10.244.0.0/16'] })
    expect(stderr).toBe(
      `${PREFIX}resyncInterval of ${directory}/agent/user.yaml is ignored: each ADD and each ip-masq sync reads the file`,
    )
    expect(await seen(internet)).toBe(POD.ipv4)
    expect(await seen(internet6)).toBe(POD.ipv6)
    expect(await seen(otherNodesPod)).toBe(POD.ipv4)
    expect(await seen(onPrem)).toBe(NODE.ipv4)
    expect(await seen(linkLocal)).toBe(NODE.ipv4)
  })

  test('DEL, STATUS and VERSION do without them', async () => {
    const config = { ...callWith({ configFiles: ['/no/such/file'] }).config, cniVersion: '1.1.0' }
    expect(await callPlugin(site.node, 'STATUS', { config })).toMatchObject({ status: 0, stdout: '' })
    expect(await callPlugin(site.node, 'VERSION', { config })).toMatchObject({ status: 0 })
    expect(await callPlugin(site.node, 'DEL', { containerID: 'c1', config })).toMatchObject({ status: 0 })
    expect(await masquerading(site.node)).toEqual([])
    expect(await callPlugin(site.node, 'ADD', { containerID: 'c1', config })).toMatchObject({
      status: 1,
      json: { code: 7, msg: 'Cannot use configFiles[0] "/no/such/file": there is no such file' },
    })
  })
})

describe('flannelSubnetFile', () => {
  test('the cluster’s networks are exempt beside the list; flanneld’s own masquerade is told', async () => {
    const file = join(directory, 'subnet.env')
    await writeFile(
      file,
      'FLANNEL_NETWORK=10.244.0.0/16,203.0.113.0/24\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_IPV6_NETWORK=2001:db8:cafe::/48\nFLANNEL_IPV6_SUBNET=fd00:244:1::1/64\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n',
    )
    const stderr = await add({ flannelSubnetFile: file, nonMasqueradeCIDRs: ['192.168.0.0/16', 'fd00::/8'] })
    expect(stderr).toBe(
      `${PREFIX}${file} has FLANNEL_IPMASQ=true: flanneld masquerades too, and ignores exemptions; start it with --ip-masq=false, or write "pinExemptions": true`,
    )
    expect(await seen(internet)).toBe(POD.ipv4)
    expect(await seen(internet6)).toBe(POD.ipv6)
    expect(await seen(onPrem)).toBe(POD.ipv4)
    expect(await seen('198.51.100.2')).toBe(NODE.ipv4)
  })

  test('true is /run/flannel/subnet.env', async () => {
    const before = `mkdir -p /run/flannel; mount -t tmpfs none /run/flannel
      echo FLANNEL_NETWORK=203.0.113.0/24 > /run/flannel/subnet.env`
    await succeed(site.node, 'ADD', callWith({ flannelSubnetFile: true }, { before }))
    expect(await seen(internet)).toBe(POD.ipv4)
    expect(
      await callPlugin(site.node, 'ADD', callWith({ flannelSubnetFile: '/no/subnet.env' })),
    ).toMatchObject({
      json: { code: 7, msg: 'Cannot use flannelSubnetFile "/no/subnet.env": there is no such file' },
    })
  })
})

describe('pods by their own addresses', () => {
  test.each<[Record<string, unknown>, string, string]>([
    [{ exceptPodCIDRs: ['10.244.1.0/24'] }, POD.ipv4, NODE.ipv6],
    [{ exceptPodCIDRs: ['10.244.2.0/24', 'fd00:244:1::/48'] }, NODE.ipv4, POD.ipv6],
    [{ onlyPodCIDRs: ['10.244.1.4/30'] }, NODE.ipv4, POD.ipv6],
    [{ onlyPodCIDRs: ['0.0.0.0/0', 'fd00::/8'], exceptPodCIDRs: ['10.244.1.7/32'] }, POD.ipv4, NODE.ipv6],
  ])('%j', async (keys, ipv4, ipv6) => {
    await add(keys)
    expect(await seen(internet)).toBe(ipv4)
    expect(await seen(internet6)).toBe(ipv6)
  })
})

describe('namespaces', () => {
  const inNamespace = (namespace: string) => ({
    environment: { CNI_ARGS: `IgnoreUnknown=1;Unknown=x;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=web` },
  })

  test.each([
    [{ onlyNamespaces: ['shop'] }, 'shop', NODE.ipv4],
    [{ onlyNamespaces: ['shop', 'team-*'] }, 'team-a', NODE.ipv4],
    [{ onlyNamespaces: ['shop'] }, 'shopping', POD.ipv4],
    [{ exceptNamespaces: ['shop'] }, 'shop', POD.ipv4],
    [{ exceptNamespaces: ['team-*'] }, 'team', NODE.ipv4],
    [{ onlyNamespaces: ['team-*'], exceptNamespaces: ['team-a'] }, 'team-a', POD.ipv4],
  ])('%j, a pod of %s', async (keys, namespace, source) => {
    expect(await add(keys, inNamespace(namespace))).toBe('')
    expect(await seen(internet)).toBe(source)
  })

  test.each([
    [{ onlyNamespaces: ['*'] }, POD.ipv4, 'onlyNamespaces cannot match, so the pod is not masqueraded'],
    [{ exceptNamespaces: ['*'] }, NODE.ipv4, 'exceptNamespaces cannot match, so the pod is masqueraded'],
  ])('%j, and nobody says of which namespace the pod is', async (keys, source, said) => {
    expect(await add(keys)).toBe(`${PREFIX}CNI_ARGS has no K8S_POD_NAMESPACE: ${said}`)
    expect(await seen(internet)).toBe(source)
  })
})

describe('a list for this pod alone', () => {
  const nonMasqueradeCIDRs = ['10.0.0.0/8', 'fd00::/8']
  const own = { nonMasqueradeCIDRs: ['203.0.113.0/24', '2001:db8:cafe::/48'] }

  test('replaces the configured one', async () => {
    await add({ nonMasqueradeCIDRs, runtimeConfig: own })
    expect(await seen(internet)).toBe(POD.ipv4)
    expect(await seen(internet6)).toBe(POD.ipv6)
    expect(await seen(otherNodesPod)).toBe(NODE.ipv4)
  })

  test('runtimeConfig wins over args', async () => {
    const args = { cni: { nonMasqueradeCIDRs: ['192.168.0.0/16', 'fd00::/8'] } }
    await add({ podLists: 'both', runtimeConfig: own, args })
    expect(await seen(onPrem)).toBe(NODE.ipv4)
    await add({ podLists: 'args', args })
    expect(await seen(onPrem)).toBe(POD.ipv4)
    expect(await seen(internet)).toBe(NODE.ipv4)
  })

  test('in args is ignored unless the operator allows it: a pod would exempt itself', async () => {
    const args = { cni: { nonMasqueradeCIDRs: ['203.0.113.0/24', '2001:db8:cafe::/48'] } }
    expect(await add({ nonMasqueradeCIDRs, args })).toContain('args.cni.nonMasqueradeCIDRs is ignored')
    expect(await seen(internet)).toBe(NODE.ipv4)
    expect(await seen(internet6)).toBe(NODE.ipv6)
  })
})

test('two spellings of one policy are one chain', async () => {
  const file = join(directory, 'same.json')
  await writeFile(file, '{"nonMasqueradeCIDRs": ["192.168.0.0/16"], "masqLinkLocal": true}')
  const spellings: Record<string, unknown>[] = [
    {
      nonMasqueradeCIDRs: ['10.0.0.0/8', '192.168.0.0/16', '10.0.0.1/32'],
      masqLinkLocal: true,
      outInterfaces: ['wan', 'bond+'],
      toPorts: '1024-2047,2048-4095',
      snatTo: { ipv4: '198.51.100.77' },
    },
    {
      nonMasqueradeCIDRs: ['10.128.0.0/9', '10.0.0.0/9'],
      configFiles: [file],
      outInterfaces: ['bond*', 'wan', 'bond+'],
      toPorts: '1024-4095',
      policies: [
        { name: 'endpointpolicy', value: { Type: 'OutboundNat', Settings: { VirtualIP: '198.51.100.77' } } },
        { name: 'EndpointPolicy', value: { Type: 'OutBoundNAT', ExceptionList: ['10.0.0.1'] } },
      ],
    },
    {
      runtimeConfig: { nonMasqueradeCIDRs: ['192.168.0.0/16', '10.0.0.0/8'] },
      masqLinkLocal: true,
      outInterfaces: ['wan', 'bond+'],
      toPorts: '2048-4095,1024-2047',
      snatTo: { ipv4: '198.51.100.77-198.51.100.77' },
      onlyNamespaces: ['shop'],
    },
  ]
  const chains = []
  const environment = { CNI_ARGS: 'K8S_POD_NAMESPACE=shop' }
  for (const keys of spellings) {
    await add(keys, { environment })
    chains.push((await firewall.policies(site.node))[POD.ipv4])
  }
  expect(new Set(chains).size).toBe(1)
})

test('5,000 CIDRs of each family, and the exceptions among them', async () => {
  const cidrs = Array.from({ length: 5_000 }, (_, i) => [
    `11.${Math.floor(i / 100)}.${2 * (i % 100)}.0/24`,
    `2001:db9:${(2 * i).toString(16)}::/48`,
  ]).flat()
  await add({
    nonMasqueradeCIDRs: [...cidrs, '203.0.113.0/24', '2001:db8:cafe::/48', '192.168.0.0/16'],
    masqueradeCIDRs: [
      '192.168.77.0/24',
      ...cidrs.slice(0, 2_000).map((cidr) => cidr.replace(/\/\d+$/, cidr.includes(':') ? '/128' : '/32')),
    ],
  })
  expect(await seen(internet)).toBe(POD.ipv4)
  expect(await seen(internet6)).toBe(POD.ipv6)
  expect(await seen(onPrem)).toBe(NODE.ipv4)
})
