import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { ARCHITECTURES, thisArchitecture } from '../../scripts/packaging/architecture'
import { podmanWithCni } from '../../scripts/packaging/podman'
import type { Namespace } from './namespace'
import { EXECUTABLES, WITHOUT_DOCUMENTS } from './plugin'
import { PLUGIN_DIRECTORY } from './runtime'

/** podman with CNI, in a root, state and cache of its own. Containers need no image: their root is a directory. */
export interface Podman {
  readonly binDir: string
  readonly confDir: string
  readonly cacheDir: string
  /** Runs a shell line in a new container that is removed when it ends; its output. */
  run(line: string): Promise<string>
  start(name: string): Promise<void>
  remove(name: string): Promise<void>
  /** An operator's command where podman's namespaces are to be seen: elsewhere its containers look as if they were gone. */
  command(line: string): Promise<{ readonly status: number | undefined; readonly stdout: string }>
  delete(): Promise<void>
}

export async function createPodman(node: Namespace, network: string): Promise<Podman> {
  const directory = await mkdtemp(join(tmpdir(), 'ip-masq-podman-'))
  const at = (name: string) => join(directory, name)
  for (const name of ['bin', 'net.d', 'cni', 'root', 'run', 'tmp', 'rootfs/bin', 'rootfs/proc', 'rootfs/sys'])
    await mkdir(at(name), { recursive: true })
  await execa('bash', [
    '-ec',
    `cp /bin/busybox ${at('rootfs/bin')}; for c in sh nc sleep; do ln -s busybox ${at('rootfs/bin')}/$c; done`,
  ])
  await writeFile(
    at('containers.conf'),
    `[network]
network_backend = "cni"
cni_plugin_dirs = ["${at('bin')}", "${PLUGIN_DIRECTORY}"]
network_config_dir = "${at('net.d')}"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
`,
  )
  const other = await podmanWithCni()
  const library = `lib/${ARCHITECTURES[thisArchitecture()].compiler.replace(/-gcc$/, '')}`
  // Its exit hook has no environment, so the libraries have to be where the loader looks.
  const layOver =
    other === undefined
      ? ''
      : `mount --bind ${other}/usr/bin/podman /usr/bin/podman
    mount -t overlay none -o lowerdir=${other}/usr/${library}:${other}/${library}:/usr/${library} /usr/${library}`
  // One mount namespace for all calls, in which containers' namespaces are mounted, and podman's directories and libcni's
  // cache are laid over the machine's. In files, not by CONTAINERS_CONF: the exit hook's environment is scrubbed.
  // (nsenter, not `ip netns exec`: that mounts another /sys, without cgroups.)
  const setUp = `mkdir -p /var/lib/cni /etc/containers /run/netns
    mount --bind ${at('cni')} /var/lib/cni
    mount -t tmpfs none /run/netns
    ${WITHOUT_DOCUMENTS}
    ${layOver}
    mount -t tmpfs none /etc/containers; cp ${at('containers.conf')} /etc/containers/
    echo ready; exec sleep infinity`
  const holder = spawn('nsenter', [`--net=${node.path}`, 'unshare', '-m', 'bash', '-ec', setUp], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => holder.stdout.once('data', resolve))
  const inside = [`--target=${holder.pid}`, '--mount', '--net', 'timeout', '150', 'bash', '-ec']
  const podman = async (line: string) => {
    const own = `--root ${at('root')} --runroot ${at('run')} --tmpdir ${at('tmp')} --storage-driver vfs`
    const { stdout } = await execa('nsenter', [...inside, `exec podman ${own} ${line}`])
    return stdout.trim()
  }
  // Machines without CAP_SYS_RESOURCE cannot raise limits, and podman's defaults are high.
  const options = `--ulimit nofile=1024:1024 --ulimit nproc=1000:1000 --network ${network}`
  const quote = (line: string) => `'${line.replaceAll("'", "'\\''")}'`
  return {
    binDir: at('bin'),
    confDir: at('net.d'),
    cacheDir: at('cni'),
    run: (line) => podman(`run ${options} --rm --rootfs ${at('rootfs')} /bin/sh -c ${quote(line)}`),
    async start(name) {
      await podman(`run ${options} -d --name ${name} --rootfs ${at('rootfs')} /bin/sleep 1000`)
    },
    async remove(name) {
      await podman(`rm -f -t 0 ${name}`)
    },
    async command(line) {
      const { exitCode, stdout } = await execa('nsenter', [...inside, `exec ${EXECUTABLES.native} ${line}`], {
        reject: false,
      })
      return { status: exitCode, stdout }
    },
    async delete() {
      await podman('rm -f -a -t 0').catch(() => {})
      holder.kill('SIGKILL')
      await rm(directory, { recursive: true, force: true })
    },
  }
}
