import { readdirSync, readFileSync } from 'node:fs'
import { execa } from 'execa'

/** The runtimes that run on this machine, as /proc shows them: in a container that takes the host's PIDs. */
export interface Runtime {
  readonly name: 'containerd' | 'crio'
  /** `2.2.1`; undefined where it does not say. */
  readonly version: string | undefined
}

const NAMES: readonly string[] = ['containerd', 'crio']

export async function runningRuntimes(): Promise<Runtime[]> {
  const found = new Map<string, Promise<Runtime>>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const name = commandOf(pid)
    if (NAMES.includes(name) && !found.has(name)) {
      found.set(
        name,
        versionOf(`/proc/${pid}/exe`).then((version) => ({ name: name as Runtime['name'], version })),
      )
    }
  }
  return Promise.all(found.values())
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}

async function versionOf(executable: string): Promise<string | undefined> {
  const { stdout } = await execa(executable, ['--version'], { reject: false, timeout: 5_000 })
  return /(?:^|\s)v?(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1]
}

/** containerd from 2.2 on (libcni 1.3) reads `<conf dir>/<network>/*.conf`; others ignore it, and say nothing. */
export function honourDropIns(runtimes: readonly Runtime[]): boolean {
  return (
    runtimes.length > 0 &&
    runtimes.every(({ name, version }) => {
      const [major = 0, minor = 0] = (version ?? '').split('.').map(Number)
      return name === 'containerd' && (major > 2 || (major === 2 && minor >= 2))
    })
  )
}
