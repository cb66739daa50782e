import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createNamespace, type Namespace } from '../../lab/namespace'

/** One form of the product over one carrier or firewall, with a node of its own. */
export interface LaneKind {
  readonly name: string
  readonly executable: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Keys that each plugin config has. */
  readonly keys: Readonly<Record<string, unknown>>
  readonly firewall: 'nftables' | 'iptables-nft' | 'iptables-legacy'
}

const NATIVE = ['/mnt/dist/ip-masq']
const IPTABLES = { backend: 'iptables' }

export const LANE_KINDS: readonly LaneKind[] = [
  { name: 'netlink', executable: NATIVE, environment: {}, keys: {}, firewall: 'nftables' },
  {
    name: 'nft',
    executable: NATIVE,
    environment: { IP_MASQ_CARRIER: 'nft' },
    keys: {},
    firewall: 'nftables',
  },
  {
    name: 'node',
    executable: [process.env.IP_MASQ_NODE ?? 'node', '/mnt/dist/ip-masq.js'],
    environment: {},
    keys: {},
    firewall: 'nftables',
  },
  { name: 'iptables-nft', executable: NATIVE, environment: {}, keys: IPTABLES, firewall: 'iptables-nft' },
  {
    name: 'iptables-legacy',
    executable: NATIVE,
    environment: {},
    keys: IPTABLES,
    firewall: 'iptables-legacy',
  },
]

export interface Process {
  readonly argv: readonly string[]
  /** Default: that of the lane. */
  readonly env?: Readonly<Record<string, string>>
  /** `base64:...` for bytes that are no text. */
  readonly stdin?: string
  readonly killAfterMs?: number
}

export interface Ended {
  readonly status: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  /** It outlived the watchdog. */
  readonly timedOut: boolean
}

export interface Lane {
  readonly kind: LaneKind
  run(process: Process): Promise<Ended>
  /** A shell script; its stdout. Throws when a command fails. */
  sh(script: string): Promise<string>
  write(path: string, text: string): Promise<void>
  remove(path: string): Promise<void>
  processes(): Promise<readonly string[]>
  files(directories: readonly string[]): Promise<readonly string[]>
  mounts(): Promise<number>
  delete(): Promise<void>
}

/** Where things are inside of a lane. */
export const CACHE_DIR = '/var/lib/cni'
export const CONF_DIR = '/mnt/net.d'

const DIST = fileURLToPath(new URL('../../../dist', import.meta.url))
const AGENT = fileURLToPath(new URL('lane-agent.mjs', import.meta.url))

/** Far beyond every deadline of the product: what takes longer on a machine that is this busy hangs. */
const WATCHDOG_MS = 120_000

/** The first process reaps what killed calls leave behind, so it must not be the agent. */
const setUp = (kind: LaneKind) => `
mount -t tmpfs none /mnt
mkdir /mnt/dist /mnt/net.d /mnt/agent
mount --bind ${DIST} /mnt/dist
cp ${AGENT} /mnt/agent/
mount -t tmpfs none /run
mkdir /run/netns
mount -t tmpfs none /var/lib
mkdir -p ${CACHE_DIR}/results
mount -t tmpfs none /tmp
cd /
${kind.firewall === 'iptables-legacy' ? 'iptables-legacy -t mangle -N KUBE-IPTABLES-HINT' : ''}
${process.env.IP_MASQ_NODE ?? 'node'} /mnt/agent/lane-agent.mjs
exit`

/**
 * A node for one kind of lane: network, mount and PID namespaces of its own, so that lanes see neither each other's
 * rules nor each other's caches, locks, processes and pods.
 */
export async function createLane(kind: LaneKind): Promise<Lane> {
  const namespace = await createNamespace(`fuzz-${kind.name.slice(-6)}`)
  const unshare = ['-m', '-p', '--fork', '--kill-child', '--mount-proc', 'bash', '-euc', setUp(kind)]
  const child = spawn('ip', ['netns', 'exec', namespace.name, 'unshare', ...unshare], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ask = await connect(child)
  const run = (process: Process) => ask<Ended>({ timeoutMs: WATCHDOG_MS, ...process })
  return {
    kind,
    run,
    async sh(script) {
      const { status, stdout, stderr } = await run({ argv: ['bash', '-euc', script] })
      if (status !== 0) throw new Error(`lane ${kind.name}: ${script}\nfailed: ${stdout}${stderr}`)
      return stdout.trim()
    },
    write: (path, text) => ask({ call: 'write', path, text }),
    remove: (path) => ask({ call: 'remove', path }),
    processes: () => ask({ call: 'processes' }),
    files: (directories) => ask({ call: 'files', directories }),
    mounts: () => ask({ call: 'mounts' }),
    delete: () => end(child, namespace),
  }
}

async function connect(child: ChildProcess): Promise<<T>(request: object) => Promise<T>> {
  const { stdin, stdout } = child
  if (!stdin || !stdout) throw new Error('the lane has no pipes')
  const waiting = new Map<number, (result: unknown) => void>()
  let id = 0
  const wait = () => new Promise<unknown>((resolve) => waiting.set(id++, resolve))
  const ready = wait()
  createInterface(stdout).on('line', (line) => {
    const answer = JSON.parse(line)
    waiting.get(answer.id)?.(answer.result)
    waiting.delete(answer.id)
  })
  const ended = new Promise<never>((_, reject) => {
    child.on('exit', (status) => reject(new Error(`a lane ended with status ${status}`)))
  })
  ended.catch(() => {})
  await Promise.race([ready, ended])
  return async <T>(request: object) => {
    stdin.write(`${JSON.stringify({ id, ...request })}\n`)
    // The agent answers with what the callers above declare.
    return (await Promise.race([wait(), ended])) as T
  }
}

async function end(child: ChildProcess, namespace: Namespace): Promise<void> {
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exit
  await namespace.delete()
}
