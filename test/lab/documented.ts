import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CachedNetwork, createCachedNetwork } from './cached-network'
import { WITHOUT_RUNTIMES } from './install-site'
import { createNamespace, type Namespace } from './namespace'
import { EXECUTABLES, runCommand } from './plugin'

/**
 * What commands print in the documents. A block that begins with "```console" after a line `<!-- scene: NAME -->` has lines
 * "$ COMMAND" with the output below each. `scripts/doc-outputs` writes the outputs, and a test compares them, so that a
 * page never shows what no command prints.
 */

/** A node in a namespace of its own, whose directories are where a real node has them. */
interface Scene {
  run(line: string): Promise<string>
  delete(): Promise<void>
}

interface Stage {
  readonly node: Namespace
  readonly network: CachedNetwork
}

const POLICY = { nonMasqueradeCIDRs: ['10.0.0.0/8'], masqueradeCIDRs: ['10.100.10.0/24'] }

/** By name: what the node is like before the first command. */
const SCENES: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  /** No pod has come yet. */
  async empty({ network }) {
    await network.writeConflist(POLICY)
  },
  /** Three pods, and all is well. */
  async node({ network }) {
    await network.writeConflist(POLICY)
    await network.add('web-1', ['10.244.1.7/24'])
    await network.add('web-2', ['10.244.1.8/24'])
    await network.add('db-0', ['10.244.1.9/24'])
  },
  /** The same, and somebody has flushed the ruleset. */
  async flushed(stage) {
    await SCENES.node?.(stage)
    await stage.node.sh('nft flush ruleset')
  },
  /** The same, and the conflist has changed since. */
  async changed(stage) {
    await SCENES.node?.(stage)
    await stage.network.writeConflist({ ...POLICY, nonMasqueradeCIDRs: ['10.0.0.0/8', '172.16.0.0/12'] })
  },
  /** The same three pods, one of which has lost its rule, and a fourth that is gone without a DEL. */
  async odd(stage) {
    const { node, network } = stage
    await SCENES.node?.(stage)
    await node.sh('nft delete element inet ip-masq pods-ip { 10.244.1.8 }')
    await network.add('web-3', ['10.244.1.10/24'], `${node.path}-gone`)
  },
  /** No pod, and a conflist in which much is wrong. */
  async faulty({ network }) {
    await writeFile(join(network.confDir, '10-pods.conflist'), FAULTY)
  },
}

/** An uplink with a default route, a bridge with the pods' network, and forwarding. */
const NODE = `
ip link add eth0 type veth peer name outside; ip link set outside up; ip link set eth0 up
ip addr add 198.51.100.1/24 dev eth0; ip route add default via 198.51.100.254
ip link add cni0 type bridge; ip link set cni0 up; ip addr add 10.244.1.1/24 dev cni0
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`

const FAULTY = `{
  "cniVersion": "1.1.0",
  "name": "pods",
  "plugins": [
    { "type": "bridge", "ipMasq": true, "ipam": { "type": "host-local", "subnet": "10.244.1.0/24" } },
    { "type": "ip-masq",
      "nonMasqueradeCIDRs": ["10.0.0.1/8", "172.16.0.0/12"] }
  ]
}
`

async function createScene(name: string): Promise<Scene> {
  const prepare = SCENES[name]
  if (!prepare) throw new Error(`Cannot play the scene "${name}": write ${Object.keys(SCENES).join(', ')}`)
  const node = await createNamespace('documented')
  const network = await createCachedNetwork(node)
  const layers = await mkdtemp(join(tmpdir(), 'ip-masq-documented-'))
  await node.sh(NODE)
  await prepare({ node, network })
  const before = [
    WITHOUT_RUNTIMES,
    'set -e',
    ...['/etc', '/opt', '/var/lib'].map((path) => overlay(path, join(layers, path.replaceAll('/', '-')))),
    `mkdir -p /etc/cni/net.d /opt/cni/bin /var/lib/cni`,
    `mount --bind ${network.confDir} /etc/cni/net.d; mount --bind ${network.cacheDir} /var/lib/cni`,
    `cp ${EXECUTABLES.native} /opt/cni/bin/ip-masq; cd /; set +e`,
  ].join('\n')
  await mkdir(layers, { recursive: true })
  return {
    async run(line) {
      const args = line.replace(/^ip-masq ?/, '')
      if (args === line) throw new Error(`Cannot document "${line}": it is no command of ip-masq`)
      const { stdout, stderr, status } = await runCommand(node, args, { before })
      const said = [stdout, stderr].filter((text) => text !== '').join('\n')
      return status === 0 ? said : `${said}\n[exit status ${status}]`
    },
    async delete() {
      await node.delete()
      await network.delete()
      await rm(layers, { recursive: true, force: true })
    },
  }
}

function overlay(path: string, layers: string): string {
  const [upper, work] = [join(layers, 'upper'), join(layers, 'work')]
  return `mkdir -p ${upper} ${work}; mount -t overlay overlay -o lowerdir=${path},upperdir=${upper},workdir=${work} ${path}`
}

const BLOCK = /(<!-- scene: (\w+) -->\n```console\n)([\s\S]*?)(```)/g

/** The scenes of a page's blocks. */
export function scenesIn(page: string): string[] {
  return [...page.matchAll(BLOCK)].map(([, , scene = '']) => scene)
}

/** The page with the outputs that its commands print now. */
export async function withOutputs(page: string): Promise<string> {
  let done = ''
  let end = 0
  for (const match of page.matchAll(BLOCK)) {
    const [whole, head = '', scene = '', body = '', tail = ''] = match
    done += page.slice(end, match.index) + head + (await play(scene, body)) + tail
    end = match.index + whole.length
  }
  return done + page.slice(end)
}

async function play(name: string, body: string): Promise<string> {
  const scene = await createScene(name)
  try {
    const parts: string[] = []
    for (const line of body.split('\n').filter((one) => one.startsWith('$ ')))
      parts.push(`${line}\n${stable(await scene.run(line.slice(2)))}\n`)
    return parts.join('')
  } finally {
    await scene.delete()
  }
}

/** Whether the machine has br_netfilter is not up to a page. */
const BRIDGED =
  '  ok       netfilter sees what pods of one bridge send each other (bridge-nf-call-iptables is 1)\n'

/** What differs from run to run and from machine to machine: times, and versions of others. */
function stable(text: string): string {
  return text
    .trimEnd()
    .replace(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, '2026-01-31T13:05:09Z')
    .replaceAll(/\b17\d{8}\b/g, '1770000000')
    .replace(/: nftables v[\d.]+ \(.*\)/g, ': nftables v1.0.6')
    .replace(/: iptables v[\d.]+ /g, ': iptables v1.8.9 ')
    .replace(/: ip utility, iproute2.*/g, ': ip utility, iproute2-6.1.0')
    .replace(/ Linux \d\S*/g, ' Linux 6.1.0')
    .replace(/\b\d+ of \d+ connections/g, '57 of 262144 connections')
    .replace(/ {2}note {5}(?:br_netfilter is not loaded|bridge-nf-call-iptables is 0)\n.*\n.*\n/, BRIDGED)
}
