import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { firewall } from './firewall'
import type { Namespace } from './namespace'
import { EXECUTABLES } from './plugin'

type Json = Record<string, unknown>

export interface Conflist {
  readonly cniVersion: string
  readonly name: string
  readonly plugins: readonly Json[]
}

const conf = fileURLToPath(new URL('../../conf', import.meta.url))

export async function readConflist(name: string): Promise<Conflist> {
  return JSON.parse(await readFile(join(conf, name), 'utf8'))
}

/** Debian's place, then everybody else's. */
export const PLUGIN_DIRECTORY =
  ['/usr/lib/cni', '/opt/cni/bin'].find((path) => existsSync(join(path, 'bridge'))) ?? ''

/** One network on one node, run as libcni does: ADD in order, DEL in reverse, each with what came before. */
export interface Network {
  add(pod: Namespace, containerID: string): Promise<Json>
  /** `lost`: as runtimes' second DEL, without netns and prevResult. */
  del(pod: Namespace, containerID: string, lost?: 'lost'): Promise<void>
  delete(): Promise<void>
}

export async function createNetwork(node: Namespace, conflist: Conflist): Promise<Network> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ip-masq-ipam-'))
  const results = new Map<string, Json>()

  const call = (command: string, plugin: Json, pod: Namespace, containerID: string, prevResult?: Json) => {
    const ipam = plugin.ipam ? { ipam: { ...plugin.ipam, dataDir } } : {}
    // The machine's own log is no place for what tests do.
    const log = plugin.logFile ? { logFile: join(dataDir, 'ip-masq.log') } : {}
    const netns = command === 'DEL' && !prevResult ? '' : pod.path
    return callChained(node, {
      ...{ command, conflist, plugin: { ...plugin, ...ipam, ...log }, containerID, netns, prevResult },
    })
  }

  return {
    async add(pod, containerID) {
      let result: Json | undefined
      for (const plugin of conflist.plugins) result = await call('ADD', plugin, pod, containerID, result)
      results.set(containerID, result ?? {})
      return result ?? {}
    },
    async del(pod, containerID, lost) {
      const prevResult = lost ? undefined : results.get(containerID)
      for (const plugin of [...conflist.plugins].reverse()) {
        await call('DEL', plugin, pod, containerID, prevResult)
      }
    },
    async delete() {
      await rm(dataDir, { recursive: true })
    },
  }
}

export interface ChainedCall {
  readonly ifname?: string
  readonly command: string
  readonly conflist: Pick<Conflist, 'cniVersion' | 'name'>
  readonly plugin: Json
  readonly containerID: string
  readonly netns: string
  readonly prevResult?: Json | undefined
  /** Where the other plugins are. */
  readonly directory?: string
  /** Directories in which the plugins look for tools first. */
  readonly path?: string
}

/** One plugin of a list, called as libcni calls it. Throws what it answers when it fails. */
export async function callChained(node: Namespace, call: ChainedCall): Promise<Json> {
  const { command, conflist, plugin, containerID, netns, prevResult, path = '' } = call
  const { directory = PLUGIN_DIRECTORY } = call
  const keys = plugin.type === 'ip-masq' ? firewall.keys : {}
  const { cniVersion, name } = conflist
  const executable = plugin.type === 'ip-masq' ? EXECUTABLES.native : join(directory, String(plugin.type))
  const { stdout, exitCode } = await execa('ip', ['netns', 'exec', node.name, executable], {
    env: {
      PATH: `${path}:${process.env.PATH}`,
      CNI_COMMAND: command,
      CNI_CONTAINERID: containerID,
      CNI_NETNS: netns,
      CNI_IFNAME: call.ifname ?? 'eth0',
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${containerID}`,
      CNI_PATH: [dirname(EXECUTABLES.native), directory].join(':'),
    },
    input: JSON.stringify({ ...keys, ...plugin, cniVersion, name, ...(prevResult && { prevResult }) }),
    reject: false,
  })
  if (exitCode !== 0) throw new Error(`${command} ${plugin.type}: ${stdout}`)
  return stdout === '' ? {} : JSON.parse(stdout)
}

/** The addresses of a result, masks off. */
export function addressesOf(result: Json): string[] {
  const ips = Array.isArray(result.ips) ? result.ips : []
  return ips.map((ip: { address: string }) => ip.address.split('/')[0] ?? '')
}
