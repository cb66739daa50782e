import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import type { Namespace } from './namespace'
import { patience, patienceSeconds } from './patience'
import { EXECUTABLES, WITHOUT_DOCUMENTS } from './plugin'
import { PLUGIN_DIRECTORY } from './runtime'

/**
 * A node with a containerd of its own: a mount namespace in which the directories of CNI and of containerd are laid over
 * the machine's, and the network namespace that it is given. The daemon, its shims and `ctr run --cni`, which is libcni
 * with its default paths, all live there. Containers need no image: their root is a directory with busybox.
 */
export interface Containerd {
  readonly confDir: string
  readonly cacheDir: string
  /** ctr's arguments, as a shell writes them; its stdout. */
  ctr(line: string): Promise<string>
  /** Runs a shell line in a new container that is removed when it ends; its output. */
  run(name: string, line: string): Promise<string>
  /** The same in so many at once; the output of each. */
  runMany(count: number, line: string): Promise<string[]>
  /** Starts a container that stays. */
  start(name: string): Promise<void>
  /** Runs a shell line in a container that stays. */
  exec(name: string, line: string): Promise<string>
  /** Runs a shell script on the node. */
  shell(script: string): Promise<string>
  /** The daemon is ended and started anew; containers go on. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export const REFERENCE_PLUGINS = ['bridge', 'host-local'].map((name) => join(PLUGIN_DIRECTORY, name))

const OVERLAID = ['/etc', '/opt', '/var/lib']

/** `plugins`: the executables in /opt/cni/bin. */
export async function startContainerd(
  node: Namespace,
  plugins: readonly string[] = [...REFERENCE_PLUGINS, EXECUTABLES.native],
): Promise<Containerd> {
  const directory = await mkdtemp(join(tmpdir(), 'ip-masq-containerd-'))
  const [confDir, cacheDir, run, rootfs] = ['net.d', 'cni', 'run', 'rootfs'].map((name) =>
    join(directory, name),
  ) as [string, string, string, string]
  // By this name, which nobody else has, the shims of a run that was interrupted are found.
  const socket = join(run, 'containerd.sock')
  for (const path of ['bin', 'proc', 'sys', 'dev', 'output'])
    await mkdir(join(rootfs, path), { recursive: true })
  await Promise.all([confDir, cacheDir, run].map((path) => mkdir(path)))
  await execa('bash', [
    '-ec',
    `cp /bin/busybox ${rootfs}/bin; for c in sh nc sleep; do ln -s busybox ${rootfs}/bin/$c; done`,
  ])
  await writeFile(
    join(directory, 'config.toml'),
    `version = 2
root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${socket}"
`,
  )
  const holder = await holdNamespace(
    node,
    `for d in ${OVERLAID.join(' ')}; do
      mkdir -p ${directory}/up$d ${directory}/work$d
      mount -t overlay overlay -o lowerdir=$d,upperdir=${directory}/up$d,workdir=${directory}/work$d $d
    done
    mkdir -p /etc/cni/net.d /opt/cni/bin /var/lib/cni /run/containerd
    ${WITHOUT_DOCUMENTS}
    mount --bind ${run} /run/containerd
    mount --bind ${confDir} /etc/cni/net.d
    mount --bind ${cacheDir} /var/lib/cni
    for plugin in ${plugins.join(' ')}; do
      [ -e /opt/cni/bin/\${plugin##*/} ] || ln -s $plugin /opt/cni/bin/
    done`,
  )
  const inside = ['--target', String(holder.pid), '--mount', '--net']
  const startDaemon = async () => {
    const started = spawn('nsenter', [...inside, 'containerd', '-c', join(directory, 'config.toml')], {
      stdio: 'ignore',
    })
    await waitFor(started, () => execa('ctr', ['-a', socket, 'version']))
    return started
  }
  let daemon = await startDaemon()
  const shell = async (script: string) => {
    const { stdout } = await execa('nsenter', [...inside, 'bash', '-euc', script])
    return stdout.trim()
  }
  const ctr = (line: string) => shell(`exec timeout ${patienceSeconds(120)} ctr -a ${socket} ${line}`)
  // Otherwise the control group is named after the container alone, and one of another test is killed with it.
  const options = (name: string) => `--rootfs --cni --cgroup /${basename(directory)}-${name}`
  const quote = (line: string) => `'${line.replaceAll("'", "'\\''")}'`
  // By way of a file: about one of 400 times ctr ends before it has copied the last that a container wrote.
  const intoFile = (file: string, line: string) => `/bin/sh -c ${quote(`{ ${line}; } > /output/${file}`)}`
  const readBack = (file: string) => `cat ${rootfs}/output/${file}`
  let executions = 0
  return {
    confDir,
    cacheDir,
    ctr,
    async run(name, line) {
      await ctr(`run --rm ${options(name)} ${rootfs} ${name} ${intoFile(name, line)}`)
      return shell(readBack(name))
    },
    async runMany(count, line) {
      const write = `/bin/sh -c ${quote(`{ ${line}; } > /output/$0`)} many-$i`
      const one = `ctr -a ${socket} run --rm ${options('many-$i')} ${rootfs} many-$i ${write}`
      const output = await shell(
        `for i in $(seq ${count}); do timeout ${patienceSeconds(200)} ${one} & done; wait; ${readBack('many-*')}`,
      )
      return output.split('\n')
    },
    async start(name) {
      await ctr(`run -d ${options(name)} ${rootfs} ${name} /bin/sleep 1000`)
    },
    async exec(name, line) {
      const id = `execution-${executions++}`
      await ctr(`task exec --exec-id ${id} ${name} ${intoFile(id, line)}`)
      return shell(readBack(id))
    },
    shell,
    async restart() {
      await end(daemon)
      daemon = await startDaemon()
    },
    async stop() {
      const containers = await ctr('container ls -q')
      for (const name of containers.split('\n').filter(Boolean)) {
        await ctr(`task kill -s KILL ${name}`).catch(() => {})
        await ctr(`task rm -f ${name}`).catch(() => {})
        await ctr(`container rm ${name}`).catch(() => {})
      }
      await end(daemon)
      await end(holder)
      await rm(directory, { recursive: true })
    },
  }
}

/** A process that keeps a mount namespace; as on a node, what is mounted there is seen in copies of it. */
async function holdNamespace(node: Namespace, script: string): Promise<ChildProcess> {
  const line = `set -eu; ${script}\nmount --make-rshared /; echo ready; exec sleep infinity`
  const unshare = ['unshare', '--mount', '--propagation', 'private', 'bash', '-c', line]
  const holder = spawn('nsenter', [`--net=${node.path}`, ...unshare], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await Promise.race([
    once(holder.stdout as NodeJS.ReadableStream, 'data'),
    once(holder, 'exit').then(() => Promise.reject(new Error('the mount namespace was not made'))),
  ])
  return holder
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}

async function waitFor(daemon: ChildProcess, attempt: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + patience(10_000)
  for (;;) {
    try {
      await attempt()
      return
    } catch (error) {
      if (performance.now() > end || daemon.exitCode !== null) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
