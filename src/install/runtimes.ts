import { doesAnswer } from '#system/sockets'
import type { ProfileName } from './profiles'
import { runProgram } from './run-program'
import { rootsOwn } from './trusted-file'

/**
 * The runtimes of this machine that answer on their sockets. A process may give itself any name, so processes in /proc
 * prove nothing: the socket and the program must be at a path that only root can write to.
 */
export interface Runtime {
  readonly name: 'containerd' | 'CRI-O' | 'cri-dockerd'
  /** The version that its program prints, `2.2.1`; undefined if that is uncertain. */
  readonly version: string | undefined
}

interface RuntimePaths {
  readonly name: Runtime['name']
  readonly sockets: readonly string[]
  /** The programs that are asked for their version; all of them must satisfy the condition. */
  readonly programs: readonly string[]
}

const CONTAINERD: RuntimePaths = {
  name: 'containerd',
  sockets: ['/run/containerd/containerd.sock'],
  programs: ['/usr/bin/containerd', '/usr/local/bin/containerd'],
}

const RANCHER_SOCKETS = ['/run/k3s/containerd/containerd.sock']

/** The containerd of each distribution. */
const CONTAINERDS: Readonly<Record<ProfileName, RuntimePaths>> = {
  default: CONTAINERD,
  kind: CONTAINERD,
  minikube: CONTAINERD,
  openshift: CONTAINERD,
  k3s: {
    name: 'containerd',
    sockets: RANCHER_SOCKETS,
    programs: ['/var/lib/rancher/k3s/data/current/bin/containerd'],
  },
  rke2: { name: 'containerd', sockets: RANCHER_SOCKETS, programs: ['/var/lib/rancher/rke2/bin/containerd'] },
  microk8s: {
    name: 'containerd',
    sockets: ['/var/snap/microk8s/common/run/containerd.sock'],
    programs: ['/snap/microk8s/current/bin/containerd'],
  },
}

/** Runtimes that take DEL and CHECK from the conflist of the ADD, or read no drop-ins at all. */
const OTHERS: readonly RuntimePaths[] = [
  { name: 'CRI-O', sockets: ['/run/crio/crio.sock', '/var/run/crio/crio.sock'], programs: [] },
  { name: 'cri-dockerd', sockets: ['/run/cri-dockerd.sock', '/var/run/cri-dockerd.sock'], programs: [] },
]

export async function runningRuntimes(profile: ProfileName): Promise<Runtime[]> {
  const found: Runtime[] = []
  for (const { name, sockets, programs } of [CONTAINERDS[profile], ...OTHERS]) {
    const since = await answersSince(sockets)
    if (since !== undefined) found.push({ name, version: oldestVersion(programs, since) })
  }
  return found
}

/** The time when the runtime that answers made its socket, which is when it started. */
async function answersSince(sockets: readonly string[]): Promise<number | undefined> {
  for (const socket of sockets) {
    const status = rootsOwn(socket, 'socket')
    if (typeof status !== 'string' && (await doesAnswer(socket, ANSWER_MS))) return status.changedMs
  }
  return undefined
}

/** How long to wait for an answer. A killed runtime leaves its socket behind, and nobody answers there. */
const ANSWER_MS = 2_000

/**
 * We do not know which of the programs runs, so the oldest decides. A program that others than root may exchange is not
 * started, and a program that was installed after the runtime started is not the one that runs.
 */
function oldestVersion(programs: readonly string[], since: number): string | undefined {
  const versions: string[] = []
  for (const program of programs) {
    const status = rootsOwn(program, 'file')
    if (status === 'absent') continue
    const isKnown = status !== 'foreign' && status.changedMs <= since
    const version = isKnown ? versionOf(program) : undefined
    if (version === undefined) return undefined
    versions.push(version)
  }
  return versions.sort((one, other) => compare(numbersOf(one), numbersOf(other)))[0]
}

function versionOf(program: string): string | undefined {
  const { stdout } = runProgram(program, { args: ['--version'], milliseconds: 5_000 })
  return /(?:^|\s)v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1]
}

/**
 * Whether these runtimes read drop-ins. containerd from 2.1 on (libcni 1.3) reads `<conf dir>/<network>/*.conf`; others
 * ignore it silently.
 */
export function honourDropIns(runtimes: readonly Runtime[]): boolean {
  return (
    runtimes.length > 0 &&
    runtimes.every(
      ({ name, version }) =>
        name === 'containerd' && version !== undefined && compare(numbersOf(version), [2, 1]) >= 0,
    )
  )
}

function numbersOf(version: string): number[] {
  return version.split('.').map(Number)
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (let i = 0; i < Math.max(one.length, other.length); i++) {
    const difference = (one[i] ?? 0) - (other[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
