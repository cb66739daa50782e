import { namesIn, statusIfThere } from '#system/files'
import { readSystemFile } from '#system/proc'
import { processId } from '#system/program'
import { type Finding, note, ok } from './finding'

/** A process that keeps the rules: `sync --watch`, or `install --sync`. */
export interface Keeper {
  readonly pid: string
  /** Its arguments, without the program's name. */
  readonly command: string
}

/** Any process may call itself ip-masq, so the result is only a hint. It is also empty if /proc hides processes. */
export function readKeepers(): readonly Keeper[] {
  const own = String(processId())
  const here = networkOf('self')
  return namesIn('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || pid === own) return []
    const name = readSystemFile(`/proc/${pid}/comm`)?.trim() ?? ''
    // The process of Node.js has its own name, or that of its main thread.
    if (!/^(ip-masq|node|MainThread)$/.test(name) || networkOf(pid) !== here) return []
    const command = keeperCommand(readSystemFile(`/proc/${pid}/cmdline`) ?? '')
    return command === undefined ? [] : [{ pid, command }]
  })
}

/**
 * Equal numbers mean the same network namespace (`sync/namespaces.ts`). A process in another namespace keeps other
 * rules.
 */
function networkOf(pid: string): number | undefined {
  try {
    return statusIfThere(`/proc/${pid}/net/dev`)?.inode
  } catch {
    return undefined
  }
}

/** Parses `cmdline` of proc(5), in which a NUL follows each argument. */
export function keeperCommand(cmdline: string): string | undefined {
  const words = cmdline.split('\0').slice(0, -1)
  const at = words.findIndex((word) => /(^|\/)ip-masq(\.js)?$/.test(word))
  const [command, ...args] = at < 0 ? [] : words.slice(at + 1)
  const isKeeper =
    (command === 'sync' && args.includes('--watch')) || (command === 'install' && args.includes('--sync'))
  return isKeeper ? [command, ...args].join(' ') : undefined
}

export function checkKeeper(keepers: readonly Keeper[]): readonly Finding[] {
  const check = 'keeper'
  if (keepers.length > 0)
    return keepers.map(({ pid, command }) => ok(check, `process ${pid} keeps the rules: ip-masq ${command}`))
  return [
    note(check, 'no "ip-masq sync --watch" is seen to run', {
      why: 'rules that others wipe come back only with the next ADD or the next sync. doctor does not see a timer that runs "ip-masq sync"',
      mend: 'install conf/systemd/ip-masq-sync.service, or the DaemonSet of conf/kubernetes',
    }),
  ]
}
