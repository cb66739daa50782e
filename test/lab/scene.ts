import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CachedNetwork, createCachedNetwork } from './cached-network'
import { WITHOUT_RUNTIMES } from './install-site'
import { createNamespace, type Namespace } from './namespace'
import { EXECUTABLES, WITHOUT_DOCUMENTS } from './plugin'
import { run } from './run'

/** A node in a namespace of its own, whose directories are where a real node has them: for what the documents tell a reader to type. */
export interface Scene {
  readonly node: Namespace
  /**
   * Runs a line as somebody types it there, in a home with tools of its own in `bin`. What it writes to /etc, /opt and /var/lib,
   * the next line finds.
   */
  type(line: string, home?: string): Promise<Typed>
  delete(): Promise<void>
}

export interface Typed {
  readonly status: number | undefined
  readonly stdout: string
  readonly stderr: string
}

interface Stage {
  readonly node: Namespace
  readonly network: CachedNetwork
  readonly type: Scene['type']
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
  /** One pod, whose rules are in iptables. */
  async iptables({ network }) {
    await network.writeConflist({ nonMasqueradeCIDRs: ['10.0.0.0/8'], backend: 'iptables' })
    await network.add('web-1', ['10.244.1.7/24'])
  },
  /** The three pods again, and somebody has flushed the ruleset. */
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
  /** ip-masq has not come yet, and bridge masquerades a pod. */
  async before({ network, type }) {
    const plugins = [{ type: 'bridge', ipMasq: true }]
    await network.writeConflist({}, { plugins })
    const config = Buffer.from(JSON.stringify({ cniVersion: '1.0.0', name: 'cbr0', plugins }))
    await network.cache('web-1', ['10.244.1.7/24'], { config: config.toString('base64') })
    await type('rm /opt/cni/bin/ip-masq')
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

export async function createScene(name: string): Promise<Scene> {
  const prepare = SCENES[name]
  if (!prepare) throw new Error(`Cannot play the scene "${name}": write ${Object.keys(SCENES).join(', ')}`)
  const node = await createNamespace('documented')
  const network = await createCachedNetwork(node)
  const layers = await mkdtemp(join(tmpdir(), 'ip-masq-documented-'))
  const root = [
    'set -e',
    WITHOUT_RUNTIMES,
    WITHOUT_DOCUMENTS,
    ...['/etc', '/opt', '/var/lib'].map((path) => overlay(path, join(layers, path.replaceAll('/', '-')))),
    'mkdir -p /etc/cni/net.d /opt/cni/bin /var/lib/cni',
    `mount --bind ${network.confDir} /etc/cni/net.d; mount --bind ${network.cacheDir} /var/lib/cni`,
    `cp ${EXECUTABLES.native} /opt/cni/bin/ip-masq`,
    'echo ready; exec sleep infinity',
  ].join('\n')
  // It keeps the mounts, in which all commands then are.
  const { pid, stdout: said } = node.start('bash', '--norc', '-c', root)
  await new Promise((resolve) => said?.once('data', resolve).once('end', resolve))
  const enter = [`--target=${pid}`, '--mount', '--net']
  const scene: Scene = {
    node,
    async type(line, home = '') {
      const tools = home === '' ? '' : `${home}/bin:`
      const env = { PATH: `${tools}/usr/bin:${process.env.PATH}:/opt/cni/bin` }
      const args = [...enter, 'sh', '-euc', 'cd "$2/"; eval "$1"', 'sh', line, home]
      const { exitCode, stdout, stderr } = await run('/usr/bin/nsenter', args, { env })
      return { status: exitCode, stdout, stderr }
    },
    async delete() {
      await node.delete()
      await network.delete()
      await rm(layers, { recursive: true, force: true })
    },
  }
  await node.sh(NODE)
  await prepare({ node, network, type: scene.type })
  return scene
}

function overlay(path: string, layers: string): string {
  const [upper, work] = [join(layers, 'upper'), join(layers, 'work')]
  return `mkdir -p ${upper} ${work}; mount -t overlay overlay -o lowerdir=${path},upperdir=${upper},workdir=${work} ${path}`
}
