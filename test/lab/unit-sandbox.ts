import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Namespace } from './namespace'

/**
 * A process in the sandbox that systemd would give the service of a unit file: its capabilities, its system calls, its
 * address families, and no memory that is writable and executable. runc makes it, because systemd is not init here.
 */

/** Directives by their names; the last one counts. */
export function parseUnit(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').filter((line) => /^[A-Za-z]+=/.test(line))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

const FAMILIES: Readonly<Record<string, number>> = { AF_UNIX: 1, AF_INET: 2, AF_INET6: 10, AF_NETLINK: 16 }
/** Of mmap(2). */
const [WRITE, EXECUTE] = [2, 4]

export async function runInUnit(
  node: Namespace,
  unit: ReadonlyMap<string, string>,
  {
    command,
    environment = [],
  }: { readonly command: readonly string[]; readonly environment?: readonly string[] },
): Promise<{ readonly status: number | undefined; readonly output: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'ip-masq-unit-'))
  const capabilities = words(unit, 'CapabilityBoundingSet')
  const config = {
    ociVersion: '1.0.2',
    root: { path: `${directory}/root`, readonly: false },
    // runc would make devices of its own otherwise.
    mounts: [{ destination: '/dev', type: 'bind', source: '/dev', options: ['rbind'] }],
    process: {
      terminal: false,
      cwd: '/',
      user: { uid: 0, gid: 0 },
      args: command,
      env: [`PATH=${process.env.PATH}`, ...environment],
      noNewPrivileges: unit.get('NoNewPrivileges') === 'yes',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    linux: {
      namespaces: [{ type: 'mount' }, { type: 'network', path: node.path }],
      seccomp: await filterOf(unit),
    },
  }
  await writeFile(join(directory, 'config.json'), JSON.stringify(config))
  const name = `unit-${process.pid}-${directory.slice(-6)}`
  const script = `mkdir ${directory}/root; mount --make-rprivate /; mount --rbind / ${directory}/root
    exec runc --root ${directory}/state run --no-pivot --bundle ${directory} ${name}`
  const reply = await execa('unshare', ['--mount', 'bash', '-euc', script], {
    all: true,
    reject: false,
    stdin: 'ignore',
  })
  await rm(directory, { recursive: true, force: true })
  return { status: reply.exitCode, output: reply.all }
}

function words(unit: ReadonlyMap<string, string>, directive: string): string[] {
  const value = unit.get(directive)
  if (value === undefined) throw new Error(`the unit has no ${directive}`)
  return value.split(' ')
}

/** The seccomp filter of SystemCallFilter, RestrictAddressFamilies and MemoryDenyWriteExecute. */
async function filterOf(unit: ReadonlyMap<string, string>) {
  const allowed = await expand(words(unit, 'SystemCallFilter'))
  const judged = ['socket', 'mmap', 'mprotect', 'pkey_mprotect']
  const allow = (names: readonly string[], args?: readonly object[]) => ({
    names,
    action: 'SCMP_ACT_ALLOW',
    ...(args && { args }),
  })
  const masked = (mask: number, value: number) => [
    { index: 2, value: mask, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' },
  ]
  if (unit.get('MemoryDenyWriteExecute') !== 'yes') throw new Error('write and execute are not denied')
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 1,
    syscalls: [
      allow(allowed.filter((name) => !judged.includes(name))),
      ...words(unit, 'RestrictAddressFamilies').map((family) => {
        const value = FAMILIES[family]
        if (value === undefined) throw new Error(`no number for ${family}`)
        return allow(['socket'], [{ index: 0, value, op: 'SCMP_CMP_EQ' }])
      }),
      ...[0, WRITE, EXECUTE].map((value) => allow(['mmap'], masked(WRITE | EXECUTE, value))),
      allow(['mprotect', 'pkey_mprotect'], masked(EXECUTE, 0)),
    ],
  }
}

/** Names of system calls, for groups of systemd's. */
async function expand(filter: readonly string[]): Promise<string[]> {
  const { stdout } = await execa('systemd-analyze', ['syscall-filter', '--no-pager'])
  const groups = new Map<string, string[]>()
  let group: string[] = []
  for (const line of stdout.split('\n')) {
    const name = line.trim()
    if (line.startsWith('@')) {
      group = []
      groups.set(name, group)
    } else if (name !== '' && !name.startsWith('#')) group.push(name)
  }
  const names = (one: string): string[] =>
    one.startsWith('@') ? (groups.get(one) ?? []).flatMap(names) : [one]
  return [...new Set(filter.flatMap(names))]
}
