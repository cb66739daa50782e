import type { ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNamespace, type Namespace } from './namespace'
import { callPlugin, EXECUTABLES, type PluginReply, runCommand } from './plugin'
import { addressesOf, type Conflist, callChained } from './runtime'

/**
 * A network whose primary plugin masquerades, as it was before ip-masq came. ADD and DEL go through the conflist that is on
 * disk at that time, as containerd has it, and the result cache is kept as libcni keeps it. There is one address, so that
 * each pod gets the address of the one before.
 */
export interface PrimaryNetwork {
  add(containerID: string): Promise<Namespace>
  /** `cached`: by the conflist of the ADD, as CRI-O does it; flannel too starts bridge with the config of the ADD. */
  del(containerID: string, by?: 'cached'): Promise<void>
  /** `install --disable-primary-masq`. */
  install(): Promise<void>
  command(line: string): ReturnType<typeof runCommand>
  /** `install --disable-primary-masq --watch --sync`, until it is killed. */
  watch(): ChildProcess
  /** CHECK by ip-masq alone. */
  check(containerID: string): Promise<PluginReply>
  /** What libcni would have written after an ADD is not there, as after a wiped cache. */
  forget(containerID: string): Promise<void>
  readonly home: string
  /** Where host-local keeps what it gave away. */
  readonly dataDir: string
  delete(): Promise<void>
}

export interface PrimaryOptions {
  readonly node: Namespace
  /** Keys of the primary plugin. */
  readonly plugin: Readonly<Record<string, unknown>>
  readonly name?: string
  /** In its pods: those of another network have another. */
  readonly ifname?: string
  readonly addresses?: readonly string[]
  /** Where the reference plugins are. */
  readonly directory: string
  readonly path?: string
  /** The directories of this network, of which it is another. */
  readonly beside?: PrimaryNetwork
  /** ip-masq is in the list from the beginning. */
  readonly isJoined?: boolean
}

interface Entry {
  readonly pod: Namespace
  readonly conflist: Conflist
  readonly result: Record<string, unknown>
}

export async function createPrimaryNetwork(options: PrimaryOptions): Promise<PrimaryNetwork> {
  const {
    node,
    plugin,
    directory,
    name = 'pods',
    ifname = 'eth0',
    addresses = ['10.244.1.2', 'fd00:244:1::2'],
  } = options
  const home = options.beside?.home ?? (await mkdtemp(join(tmpdir(), 'ip-masq-primary-')))
  const [binDir, confDir, cacheDir] = ['bin', 'net.d', 'cni'].map((path) => join(home, path))
  for (const path of [binDir, confDir, `${cacheDir}/results`]) await mkdir(`${path}`, { recursive: true })
  const dataDir = join(home, 'ipam')
  const file = join(`${confDir}`, `10-${name}.conflist`)
  const entries = new Map<string, Entry>()
  const conflist: Conflist = {
    cniVersion: '1.0.0',
    name,
    plugins: [
      {
        isGateway: true,
        ipMasq: true,
        ...plugin,
        ipam: {
          type: 'host-local',
          dataDir,
          ranges: addresses.map((address) => [
            {
              subnet: address.includes(':') ? 'fd00:244:1::/64' : '10.244.1.0/24',
              rangeStart: address,
              rangeEnd: address,
            },
          ]),
          routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
        },
      },
      ...(options.isJoined ? [{ type: 'ip-masq' }] : []),
    ],
  }
  await writeFile(file, JSON.stringify(conflist, null, 2))
  const onDisk = async (): Promise<Conflist> => JSON.parse(await readFile(file, 'utf8'))
  const cacheFile = (containerID: string) =>
    join(`${cacheDir}`, 'results', `${name}-${containerID}-${ifname}`)
  const entryOf = (containerID: string) => {
    const entry = entries.get(containerID)
    if (!entry) throw new Error(`there was no ADD of ${containerID}`)
    return entry
  }
  const installLine = `install --mode patch --network ${name} --disable-primary-masq --bin-dir ${binDir} --conf-dir ${confDir}`
  const environment = { directory, ...(options.path && { path: options.path }) }

  return {
    home,
    dataDir,
    async add(containerID) {
      const pod = await createNamespace(containerID)
      const used = await onDisk()
      let result: Record<string, unknown> | undefined
      for (const one of used.plugins) {
        const call = { command: 'ADD', conflist: used, plugin: one, containerID, ifname, netns: pod.path }
        result = await callChained(node, { ...call, ...environment, prevResult: result })
      }
      entries.set(containerID, { pod, conflist: used, result: result ?? {} })
      const entry = {
        ...{ kind: 'cniCacheV1', containerId: containerID, ifName: ifname, networkName: name },
        ...{ config: Buffer.from(JSON.stringify(used)).toString('base64'), netns: pod.path, result },
      }
      await writeFile(cacheFile(containerID), JSON.stringify(entry))
      const got = addressesOf(result ?? {}).sort()
      if (got.join() !== [...addresses].sort().join()) throw new Error(`${containerID} has ${got}`)
      return pod
    },
    async del(containerID, by) {
      const entry = entryOf(containerID)
      const used = by === 'cached' ? entry.conflist : await onDisk()
      for (const one of [...used.plugins].reverse()) {
        const call = {
          command: 'DEL',
          conflist: used,
          plugin: one,
          containerID,
          ifname,
          netns: entry.pod.path,
        }
        await callChained(node, { ...call, ...environment, prevResult: entry.result })
      }
      await rm(cacheFile(containerID))
      await entry.pod.delete()
      entries.delete(containerID)
    },
    async install() {
      const { status, stderr } = await runCommand(node, installLine)
      if (status !== 0) throw new Error(stderr)
    },
    watch: () =>
      node.start(
        EXECUTABLES.native,
        ...installLine.split(' '),
        '--watch',
        '--sync',
        '--cache-dir',
        `${cacheDir}`,
      ),
    command: (line) => runCommand(node, `${line} --conf-dir ${confDir} --cache-dir ${cacheDir}`),
    async check(containerID) {
      const { result } = entryOf(containerID)
      const { plugins, ...list } = await onDisk()
      const own = plugins.find(({ type }) => type === 'ip-masq')
      return callPlugin(node, 'CHECK', {
        containerID,
        ifname,
        config: { ...own, ...list, prevResult: result },
      })
    },
    forget: (containerID) => rm(cacheFile(containerID)),
    async delete() {
      for (const { pod } of entries.values()) await pod.delete()
      if (!options.beside) await rm(home, { recursive: true })
    },
  }
}
