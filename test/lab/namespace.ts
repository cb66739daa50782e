import { type ChildProcess, spawn } from 'node:child_process'
import { execa } from 'execa'
import { CHOOSE } from './firewall'

/**
 * Network namespaces of the tests, the demo and the benchmark. All names begin with `LAB`, so that whoever starts
 * a run can sweep up what a crash left behind, and two runs on one machine do not meet.
 */
export const LAB = process.env.IP_MASQ_LAB ?? `ipmasq-${process.pid}`

export interface Namespace {
  readonly name: string
  /** What CNI_NETNS holds. */
  readonly path: string
  /** Runs a shell script inside; its stdout, trimmed. Throws when a command fails. */
  sh(script: string): Promise<string>
  /** Starts a process inside that lives until the namespace is deleted. */
  start(command: string, ...args: string[]): ChildProcess
  delete(): Promise<void>
}

let count = 0

export async function createNamespace(label: string): Promise<Namespace> {
  const name = `${LAB}-${process.pid.toString(36)}-${(count++).toString(36)}-${label}`
  await execa('ip', ['netns', 'add', name])
  const inside = ['netns', 'exec', name]
  const children: ChildProcess[] = []
  const namespace: Namespace = {
    name,
    path: `/var/run/netns/${name}`,
    async sh(script) {
      const { stdout } = await execa('ip', [...inside, 'bash', '-euc', script])
      return stdout.trim()
    },
    start(command, ...args) {
      const child = spawn('ip', [...inside, command, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
      children.push(child)
      return child
    },
    async delete() {
      // Their children too, which would keep our end of their pipes open; but not the benchmark, which goes inside.
      const others = `ip netns pids ${name} | grep -vx ${process.pid} | xargs -r kill -9`
      await execa('bash', ['-c', others], { reject: false })
      for (const child of children) child.kill('SIGKILL')
      await execa('ip', ['netns', 'delete', name])
    },
  }
  // No duplicate address detection: a test would wait a second for each IPv6 address.
  await namespace.sh(`ip link set lo up
    sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
    ${CHOOSE}`)
  return namespace
}

/** Runs `work` with a namespace of its own, which is gone afterwards, whatever happens. */
export async function withNamespace<T>(
  label: string,
  work: (namespace: Namespace) => Promise<T>,
): Promise<T> {
  const namespace = await createNamespace(label)
  try {
    return await work(namespace)
  } finally {
    await namespace.delete()
  }
}
