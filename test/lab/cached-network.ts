import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { firewall } from './firewall'
import type { Namespace } from './namespace'
import { resultWith, runCommand, succeed } from './plugin'

/**
 * A network whose primary plugin is not there: addresses are handed in. ADD and DEL go through ip-masq, and the
 * result cache is kept as libcni keeps it: written after the ADD of the whole chain, removed after its DEL. (The
 * runtime ring has the files of a real libcni.)
 */
export interface CachedNetwork {
  readonly confDir: string
  readonly cacheDir: string
  add(containerID: string, addresses: readonly string[], netns?: string, before?: string): Promise<void>
  del(containerID: string): Promise<void>
  /** What libcni would have written after an ADD, without one. */
  cache(containerID: string, addresses: readonly string[], more?: Record<string, unknown>): Promise<string>
  uncache(containerID: string): Promise<void>
  writeConflist(keys: Record<string, unknown>, more?: Record<string, unknown>): Promise<void>
  /** `sync --prune`, with the directories of this network. */
  command(line: string, options?: Parameters<typeof runCommand>[2]): ReturnType<typeof runCommand>
  delete(): Promise<void>
}

const NETWORK = 'cbr0'

export async function createCachedNetwork(node: Namespace): Promise<CachedNetwork> {
  const directory = await mkdtemp(join(tmpdir(), 'ip-masq-cache-'))
  const [confDir, cacheDir] = [join(directory, 'net.d'), join(directory, 'cni')]
  await mkdir(join(cacheDir, 'results'), { recursive: true })
  await mkdir(confDir)
  let keys: Record<string, unknown> = firewall.keys
  const conflist = () => ({
    cniVersion: '1.0.0',
    cniVersions: ['0.4.0', '1.0.0', '1.1.0'],
    name: NETWORK,
    plugins: [{ type: 'bridge' }, { type: 'ip-masq', ...keys }],
  })
  const fileOf = (containerID: string) => join(cacheDir, 'results', `${NETWORK}-${containerID}-eth0`)
  const call = (containerID: string, addresses?: readonly string[]) => ({
    containerID,
    environment: { CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${containerID}` },
    config: {
      cniVersion: '1.0.0',
      name: NETWORK,
      type: 'ip-masq',
      ...keys,
      ...(addresses && { prevResult: resultWith(addresses) }),
    },
  })

  const network: CachedNetwork = {
    confDir,
    cacheDir,
    async add(containerID, addresses, netns, before = '') {
      const { environment, ...rest } = call(containerID, addresses)
      const withNetns = { ...environment, ...(netns !== undefined && { CNI_NETNS: netns }) }
      await succeed(node, 'ADD', { ...rest, environment: withNetns, before })
      await network.cache(containerID, addresses, netns === undefined ? {} : { netns })
    },
    async del(containerID) {
      await succeed(node, 'DEL', call(containerID))
      await network.uncache(containerID)
    },
    async cache(containerID, addresses, { netns, ...more } = {}) {
      // In the order in which libcni writes it.
      const entry = {
        kind: 'cniCacheV1',
        containerId: containerID,
        config: Buffer.from(JSON.stringify(conflist())).toString('base64'),
        ifName: 'eth0',
        networkName: NETWORK,
        ...(netns !== undefined && { netns }),
        cniArgs: [
          ['K8S_POD_NAMESPACE', 'shop'],
          ['K8S_POD_NAME', containerID],
        ],
        result: resultWith(addresses),
        ...more,
      }
      await writeFile(fileOf(containerID), JSON.stringify(entry))
      return fileOf(containerID)
    },
    async uncache(containerID) {
      await rm(fileOf(containerID), { force: true })
    },
    async writeConflist(own, more = {}) {
      keys = { ...firewall.keys, ...own }
      await writeFile(join(confDir, '10-pods.conflist'), JSON.stringify({ ...conflist(), ...more }))
    },
    command: (line, options) =>
      runCommand(node, `${line} --conf-dir ${confDir} --cache-dir ${cacheDir}`, options),
    delete: () => rm(directory, { recursive: true }),
  }
  await network.writeConflist({})
  return network
}

/** Makes a file look as old as it says. */
export async function makeOld(file: string, seconds: number): Promise<void> {
  const time = Date.now() / 1000 - seconds
  await utimes(file, time, time)
}
