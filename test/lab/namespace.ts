import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CHOOSE } from './firewall'
import { runWell } from './run'

/**
 * Network namespaces of the tests, the demo and the benchmark. All names begin with `LAB`, so that whoever starts
 * a run can sweep up what a crash left behind, and two runs on one machine do not meet.
 */
export const LAB = process.env.IP_MASQ_LAB ?? `ipmasq-${process.pid}`

/** An IPv4 address that no namespace of another test file has: gc looks into all namespaces of the machine. */
export const OWN_ADDRESS = `10.203.${(process.pid >> 8) & 255}.${process.pid & 255}`

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

const OWN_TOOLS = fileURLToPath(new URL('bin', import.meta.url))

/** For the tests' own shell lines, in which iptables-legacy waits for its lock. Our executable never sees these tools. */
const waiting = () => ({ env: { ...process.env, PATH: `${OWN_TOOLS}:${process.env.PATH}` } })

let count = 0

export async function createNamespace(label: string): Promise<Namespace> {
  const name = `${LAB}-${process.pid.toString(36)}-${(count++).toString(36)}-${label}`
  // No duplicate address detection: a test would wait a second for each IPv6 address.
  const setUp = `ip link set lo up
    for of in default all; do echo 0 > /proc/sys/net/ipv6/conf/$of/accept_dad; done
    ${CHOOSE}`
  await bash('ip netns add "$1"; exec ip netns exec "$1" bash -euc "$2"', name, setUp)
  const inside = ['netns', 'exec', name]
  const children: ChildProcess[] = []
  const namespace: Namespace = {
    name,
    path: `/var/run/netns/${name}`,
    async sh(script) {
      const { stdout } = await runWell('ip', [...inside, 'bash', '-euc', script], waiting())
      return stdout.trim()
    },
    start(command, ...args) {
      const child = spawn('ip', [...inside, command, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
      children.push(child)
      return child
    },
    async delete() {
      for (const child of children) child.kill('SIGKILL')
      // Their children too, which would keep our end of their pipes open; but not the benchmark, which goes inside.
      const end = `for pid in $(ip netns pids "$1"); do
          [ "$pid" = "$2" ] || kill -9 "$pid" 2>/dev/null || true
        done
        ip netns delete "$1"`
      await bash(end, name, String(process.pid))
    },
  }
  return namespace
}

const bash = (script: string, ...args: string[]) =>
  runWell('bash', ['-euc', script, 'bash', ...args], waiting())

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
