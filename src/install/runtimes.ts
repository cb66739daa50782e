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
        versionOf([`/proc/${pid}/exe`, ...programOf(pid)]).then((version) => ({
          name: name as Runtime['name'],
          version,
        })),
      )
    }
  }
  return Promise.all(found.values())
}

function commandOf(pid: string): string {
  return readQuietly(`/proc/${pid}/comm`).trim()
}

/** A process may be gone by now. */
function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** As it was started: a container without CAP_SYS_PTRACE may not follow the link `exe`. */
function programOf(pid: string): string[] {
  const [program = ''] = readQuietly(`/proc/${pid}/cmdline`).split('\0')
  return program.startsWith('/') ? [program] : []
}

async function versionOf(programs: readonly string[]): Promise<string | undefined> {
  for (const program of programs) {
    const { stdout } = await execa(program, ['--version'], { reject: false, timeout: 5_000 })
    const [, version] = /(?:^|\s)v?(\d+\.\d+\.\d+)/.exec(stdout ?? '') ?? []
    if (version !== undefined) return version
  }
  return undefined
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
