import { describe, expect, test } from 'vitest'
import { fishCompletion } from '../../src/commands/documents/fish'
import { zshCompletion } from '../../src/commands/documents/zsh'
import { LOAD, type Load } from '../../src/commands/load'
import { ROWS } from '../../src/commands/rows'
import { run } from '../../src/commands/run'
import type { CommandRow } from '../../src/commands/table/command'
import { helpOf } from '../../src/commands/table/help-text'
import { defaultsOf, parseCommand } from '../../src/commands/table/parse'
import type { World } from '../../src/commands/world'

/** The table of commands, and what follows from it. */

const rows: readonly CommandRow[] = Object.values(ROWS)

/** What a command line prints. */
async function type(line: string, environment = {}) {
  let stdout = ''
  let stderr = ''
  const refuse = () => {
    throw new Error('nothing may be run')
  }
  const world: World = {
    backend: refuse,
    machine: refuse,
    primaryFirewalls: refuse,
    stay: refuse,
    write: async (text) => {
      stdout += text
    },
    writeHeading: async (text) => {
      stdout += `${text}\n`
    },
    writeError: async (text) => {
      stderr += text
    },
  }
  const args = line.split(' ').filter((word) => word !== '')
  // A test that fails must not install anything on the machine.
  const load = {
    ...Object.fromEntries(Object.keys(ROWS).map((name) => [name, refuse])),
    help: LOAD.help,
  } as Load
  const status = await run({ args, environment }, { world, load }).catch(
    (error: Error) => `${error.name}: ${error.message}`,
  )
  return { status, stdout, stderr }
}

const refusal = async (line: string) => (await type(line)).status

describe('values', () => {
  test('of sync where nothing is given', () => {
    expect(defaultsOf(ROWS.sync)).toEqual({
      confDir: '/etc/cni/net.d',
      profile: 'default',
      cacheDirs: ['/var/lib/cni'],
      dryRun: false,
      json: false,
      prune: false,
      graceSeconds: 600,
      keepPrimaryRules: false,
      watch: false,
      intervalSeconds: 60,
      healthPort: undefined,
      metricsAddress: undefined,
      logFormat: 'text',
      root: undefined,
    })
  })

  test('of install for a distribution, with one directory of another', () => {
    const line = [
      '--profile=k3s',
      '--bin-dir',
      '/opt/cni/bin',
      '--wait',
      '90',
      '--cache-dir=a',
      '--cache-dir=b',
      '--sync',
    ]
    expect(parseCommand(ROWS.install, line, {})).toMatchObject({
      profile: 'k3s',
      binDir: '/opt/cni/bin',
      confDir: '/var/lib/rancher/k3s/agent/etc/cni/net.d',
      cacheDirs: ['a', 'b'],
      waitSeconds: 90,
      mode: 'auto',
      network: undefined,
      cniVersion: undefined,
    })
  })

  test('uninstall has a default of its own', () => {
    expect(defaultsOf(ROWS.uninstall).graceSeconds).toBe(120)
  })

  test('what comes last counts, and what follows -- is no flag', () => {
    const line = ['--grace', '1h', '--grace=3s', '--address=10.0.0.1', '--address', 'fd00::1']
    expect(parseCommand(ROWS.gc, line, {})).toMatchObject({
      graceSeconds: 3,
      addresses: [
        { family: 'ip', value: 0x0a000001n },
        { family: 'ip6', value: 0xfd000000000000000000000000000001n },
      ],
    })
    expect(parseCommand(ROWS.convert, ['--', '--help'], {})).toEqual({ file: '--help' })
    expect(parseCommand(ROWS.convert, [], {})).toEqual({ file: undefined })
    expect(parseCommand(ROWS.convert, ['-'], {})).toEqual({ file: '-' })
  })

  test.each([
    [{}, [], undefined],
    [{ IP_MASQ_ROOT: '' }, [], undefined],
    [{ IP_MASQ_ROOT: '/host' }, [], '/host'],
    [{ IP_MASQ_ROOT: '/host' }, ['--root', '/'], '/'],
  ])('the root with %o and %o', (environment, args, root) => {
    expect(parseCommand(ROWS.sync, args, environment)?.root).toBe(root)
  })
})

describe('what cannot be used', () => {
  test.each([
    ['snyc', 'Cannot use "snyc": write ip-masq sync if that is meant, or see ip-masq --help'],
    ['gx --dry-run', 'Cannot use "gx --dry-run": write ip-masq gc if that is meant, or see ip-masq --help'],
    ['--hepl', 'Cannot use "--hepl": write ip-masq --help if that is meant, or see ip-masq --help'],
    ['add', 'Cannot use "add": ip-masq has no such command; see ip-masq --help'],
    ['--version --help', 'Cannot use "--version --help": ip-masq has no such command; see ip-masq --help'],
    ['help snyc', 'Cannot use "snyc": write ip-masq sync if that is meant, or see ip-masq --help'],
    ['help sync gc', 'Cannot run ip-masq help sync gc: name one command; see ip-masq help --help'],
    [
      'sync --dryrun',
      'Cannot run ip-masq sync: there is no option --dryrun; write --dry-run if that is meant, or see ip-masq sync --help',
    ],
    ['sync -x', 'Cannot run ip-masq sync: there is no option -x; see ip-masq sync --help'],
    ['sync --network=a', 'Cannot run ip-masq sync: there is no option --network; see ip-masq sync --help'],
    ['gc now', 'Cannot run ip-masq gc: it takes options only, and "now" is none; see ip-masq gc --help'],
    [
      'convert a b',
      'Cannot run ip-masq convert a b: name one file, or none for stdin; see ip-masq convert --help',
    ],
    ['sync --grace', 'Cannot run ip-masq sync: --grace needs a value; see ip-masq sync --help'],
    ['sync --grace soon', 'Cannot use --grace "soon": write a duration, as in 90s, 10m or 1h'],
    ['sync --interval 0', 'Cannot use --interval "0": write 1s or more'],
    ['sync --health-port 65536', 'Cannot use --health-port "65536": write a port, 1 to 65535'],
    [
      'sync --interval 5s',
      'Cannot run ip-masq sync: --interval has no effect without --watch; write --watch too, or leave --interval out; see ip-masq sync --help',
    ],
    [
      'install --watch --prune',
      'Cannot run ip-masq install: --prune has no effect without --sync; write --sync too, or leave --prune out; see ip-masq install --help',
    ],
    [
      'install --health-port 1',
      'Cannot run ip-masq install: --health-port has no effect without --watch or --sync; write --watch or --sync too, or leave --health-port out; see ip-masq install --help',
    ],
    [
      'explain --conf= --pod-subnet 10.244.1.0/24 10.244.1.7 192.0.2.1',
      'Cannot run ip-masq explain: --pod-subnet has no effect without --conf; write --conf too, or leave --pod-subnet out; see ip-masq explain --help',
    ],
    ['sync --conf-dir=', 'Cannot use --conf-dir "": write a directory'],
    ['sync --cache-dir=', 'Cannot use --cache-dir "": write a directory'],
    ['sync --root=host', `Cannot use --root "host": write an absolute path, where the host's / is mounted`],
    ['gc --address 10.1', 'Cannot use --address "10.1": write an IP address, as in 10.244.1.7 or fd00::7'],
    [
      'gc --profile k8s',
      'Cannot use --profile "k8s": write default, k3s, rke2, microk8s, openshift, minikube or kind',
    ],
    ['install --bin-dir bin', 'Cannot use --bin-dir "bin": write an absolute path'],
    ['install --conf-dir conf', 'Cannot use --conf-dir "conf": write an absolute path'],
    ['install --mode never', 'Cannot use --mode "never": write auto, drop-in or patch'],
    [
      'install --set-cni-version 2',
      'Cannot use --set-cni-version "2": write 0.3.0, 0.3.1, 0.4.0, 1.0.0 or 1.1.0',
    ],
  ])('%s', async (line, message) => {
    expect(await refusal(line)).toBe(`UsageError: ${message}`)
  })

  test('a variable is named where its value is at fault', async () => {
    expect((await type('sync', { IP_MASQ_ROOT: 'host' })).status).toBe(
      `UsageError: Cannot use IP_MASQ_ROOT "host": write an absolute path, where the host's / is mounted`,
    )
  })
})

const GC_HELP = `ip-masq gc: remove the rules of pods that are proven gone, and policies that no
pod has

Usage:
  ip-masq gc [OPTION]...

For runtimes that never send GC (containerd). If no result cache knows a pod,
that alone does not prove that it is gone: rules that cannot be judged are kept,
with the reason.

Options:
  --dry-run               print what would change, and change nothing
  --address ADDRESS       remove only the rules of the pod with this address,
                          which you know to be gone though nothing here proves
                          it (may be given several times)
  --grace TIME            a pod of which only the cache entry is gone keeps its
                          rules for this time after its ADD (default: 10m)
  --json                  print a JSON object instead of lines
  --cache-dir DIR         where runtimes keep their results, in DIR/results and
                          DIR/*/results (may be given several times; default:
                          /var/lib/cni)
  --conf-dir DIR          ignored, because gc reads no conflist; sync has it too
                          (default: /etc/cni/net.d)
  --profile NAME          ignored, like --conf-dir (one of default, k3s, rke2,
                          microk8s, openshift, minikube, kind; default: default)
  --root DIR              in a container: work in the host's /, which is mounted
                          at DIR (default: $IP_MASQ_ROOT)
  -h, --help              print this text

TIME is a number of seconds, minutes or hours, as in 90s, 10m or 1h.

Exit status:
  0  No rules of dead pods are left.
  1  Something failed or could not be judged, or --dry-run would remove
     something.
  2  The command line cannot be used.

Examples:
  ip-masq gc --dry-run
      Which rules would be removed, and which are kept, and why.
  ip-masq gc --address 10.244.1.7
      Remove the rules of a pod that you know to be gone.
`

describe('help', () => {
  test.each(rows.map(({ name }) => name))('%s: -h, --help and help are the same', async (name) => {
    const help = await type(`help ${name}`)
    expect(help).toMatchObject({ status: 0, stderr: '' })
    for (const line of [`${name} --help`, `${name} -h`]) expect(await type(line)).toEqual(help)
  })

  test('wins over values that cannot be used, and over arguments that are missing', async () => {
    expect(await type('sync --grace soon --help')).toEqual(await type('help sync'))
  })

  test('without a command is the overview, which has a line for each', async () => {
    const overview = await type('--help')
    for (const line of ['-h', 'help']) expect(await type(line)).toEqual(overview)
    const words = overview.stdout.replaceAll(/ +|\n {4,}/g, ' ')
    for (const { name, summary } of rows) expect(words).toContain(`\n ${name} ${summary}\n`)
    expect(overview.stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  test('of gc, as it is printed', async () => {
    expect((await type('help gc')).stdout).toBe(GC_HELP)
  })

  test('no line is wider than 80 columns, but for what may not be broken', () => {
    const lines = rows.flatMap((row) => helpOf(row).flatMap((part) => part.lines))
    const isWhole = (line: string) => /^ {2}(?:ip-masq|kubectl) /.test(line)
    expect(lines.filter((line) => line.length > 80 && !isWhole(line))).toEqual([])
  })
})

test('completions say which option another one needs', () => {
  expect(fishCompletion(rows)).toContain("-l interval -d 'with --watch: sync at least this often'")
  expect(zshCompletion(rows)).toContain("'--interval=[with --watch\\: sync at least this often]:TIME: '")
})

describe.each(rows)('the row of $name', (row) => {
  test('is under its name, and its code can be loaded', async () => {
    const [key] = Object.entries(ROWS).find(([, one]) => one === row) ?? []
    expect(key).toBe(row.name)
    expect(await LOAD[row.name as keyof typeof LOAD]()).toBeTypeOf('function')
  })

  test('has sentences, statuses and examples that it takes itself', () => {
    expect(row.summary).toMatch(/^[a-z].*[^.]$/)
    for (const option of Object.values(row.options)) {
      expect(option.flag).toMatch(/^--[a-z]+(-[a-z]+)*$/)
      expect(option.help).toMatch(/^.*[^.]$/)
      const flags = Object.values(row.options).map(({ flag }) => flag)
      for (const other of option.onlyWith ?? []) expect(flags).toContain(other)
      // What describes a choice has its words already.
      if (typeof option.kind?.complete === 'object')
        expect(option.kind.complete.join('')).toMatch(/^[\w.-]+$/)
    }
    expect(row.statuses.map(([status]) => status)).toEqual(
      row.statuses.map(([status]) => status).sort((a, b) => a - b),
    )
    for (const [, meaning] of row.statuses) expect(meaning).toMatch(/^[A-Z].*\.$/)
    for (const { command, about } of row.examples) {
      // Without what the shell takes.
      const [typed = ''] = command.slice(command.indexOf('ip-masq ')).split(/ [|>] |\)/)
      const [, name, ...args] = typed.split(' ')
      expect(name).toBe(row.name)
      expect(parseCommand(row, args, {})).toBeTruthy()
      expect(about).toMatch(/^[A-Z].*\.$/)
    }
  })

  test('has each flag once', () => {
    const flags = Object.values(row.options).map(({ flag }) => flag)
    expect(flags).toEqual([...new Set(flags)])
    expect(flags).not.toContain('--help')
  })
})
