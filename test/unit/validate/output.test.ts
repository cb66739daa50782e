import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { version } from '../../../package.json'
import { VALIDATE } from '../../../src/commands/rows/validate'
import { parseCommand } from '../../../src/commands/table/parse'
import { validateCommand } from '../../../src/commands/validate'
import { RULES } from '../../../src/validate/finding'
import { renderVerdict } from '../../../src/validate/render'
import type { Verdict } from '../../../src/validate/validate'
import { conflistWith, type Files, withFiles } from '../../lab/validation'

/** What the command prints, and how it ends. */

async function type(files: Files, args: readonly string[]) {
  let [stdout, stderr] = ['', '']
  return withFiles(files, async (directory) => {
    const typed = args.map((arg) => arg.replace('DIR', directory))
    const options = parseCommand(VALIDATE, typed, {})
    if (!options) throw new Error('that asks for help')
    const status = await validateCommand(options, {
      write: async (text) => {
        stdout += text
      },
      writeError: async (text) => {
        stderr += text
      },
    })
    const clean = (text: string) => text.replaceAll(`${directory}/`, '').replaceAll(directory, 'DIR')
    return { status, stdout: clean(stdout), stderr: clean(stderr) }
  })
}

const RIGHT = conflistWith('{ "type": "ip-masq" }')
const WARNED = conflistWith('{ "type": "ip-masq", "nonMasqueradeCIDRs": ["10.0.0.0/8", "10.1.0.0/16"] }')
const WRONG = conflistWith('{ "type": "ip-masq", "backend": "100%" }')

const WARNING =
  'a.conflist:8:63: warning: nonMasqueradeCIDRs[1] "10.1.0.0/16" has no effect: it is a part of nonMasqueradeCIDRs[0] "10.0.0.0/8"; remove it\n1 file judged: 0 errors, 1 warning\n'

describe('exit status', () => {
  test.each([
    ['0: nothing is wrong', RIGHT, [], 0, '1 file judged: 0 errors, 0 warnings\n'],
    ['0: warnings', WARNED, [], 0, WARNING],
    ['1: warnings, with --strict', WARNED, ['--strict'], 1, WARNING],
    [
      '1: errors',
      WRONG,
      [],
      1,
      'a.conflist:8:26: error: Cannot use backend "100%": write "auto", "nftables" or "iptables"\n1 file judged: 1 error, 0 warnings\n',
    ],
  ])('%s', async (_, text, args, status, stdout) => {
    expect(await type({ 'a.conflist': text }, [...args, 'DIR/a.conflist'])).toEqual({
      status,
      stdout,
      stderr: '',
    })
  })

  test('2: a file that is not there, whatever else is found', async () => {
    const { status, stdout } = await type({ 'a.conflist': WRONG }, ['DIR/a.conflist', 'DIR/b.conflist'])
    expect({ status, stdout }).toEqual({
      status: 2,
      stdout: `a.conflist:8:26: error: Cannot use backend "100%": write "auto", "nftables" or "iptables"
b.conflist: error: Cannot read this: there is no such file or directory
1 file judged: 2 errors, 0 warnings
`,
    })
  })

  test('--conf-dir is what is judged where nothing is named', async () => {
    const args = ['--conf-dir', 'DIR']
    expect(await type({ 'a.conflist': WRONG }, args)).toMatchObject({ status: 1 })
    expect(await type({ 'a.conflist': RIGHT }, args)).toMatchObject({ status: 0 })
  })
})

describe('--format github', () => {
  test('an annotation for each finding, and the line that sums up', async () => {
    expect(
      await type({ 'a.conflist': WRONG, 'b.conflist': WARNED.replace('pods', 'b') }, [
        '--format',
        'github',
        'DIR',
      ]),
    ).toEqual({
      status: 1,
      stdout: `::error file=a.conflist,line=8,col=26::Cannot use backend "100%25": write "auto", "nftables" or "iptables"
::warning file=b.conflist,line=1,col=1::runtimes use a.conflist for pods, because it is the first file by name, and not this one: rename or remove that file, unless the runtime names "b" (CRI-O: cni_default_network)
::warning file=b.conflist,line=8,col=63::nonMasqueradeCIDRs[1] "10.1.0.0/16" has no effect: it is a part of nonMasqueradeCIDRs[0] "10.0.0.0/8"; remove it
2 files judged: 1 error, 2 warnings
`,
      stderr: '',
    })
  })

  test('nothing in a name or a message ends a command or begins one', () => {
    const verdict: Verdict = {
      files: [],
      findings: [
        {
          severity: 'error',
          rule: 'config',
          file: 'a,b:c%\n::d',
          place: { line: 1, column: 2 },
          message: 'x\r\n::y%0A',
        },
        { severity: 'note', rule: 'drop-in', file: '-', message: 'stdin has no file' },
        {
          severity: 'warning',
          rule: 'config',
          file: 'm.json',
          place: { line: 3, column: 4, inside: { line: 5, column: 6 } },
          message: 'a, b: c',
        },
      ],
    }
    expect(renderVerdict(verdict, 'github')).toEqual([
      '::error file=a%2Cb%3Ac%25%0A%3A%3Ad,line=1,col=2::x%0D%0A::y%250A',
      '::notice::stdin has no file',
      '::warning file=m.json,line=3,col=4::a, b: c (line 5, column 6 of this text)',
      '0 files judged: 1 error, 1 warning',
    ])
  })
})

test('--json', async () => {
  const files = { '10-pods.conflist': WARNED, 'pods/a.conf': '{ "type": "portmap" }' }
  const { status, stdout, stderr } = await type(files, ['--json', 'DIR', 'DIR/nope'])
  expect({ status, stderr }).toEqual({ status: 2, stderr: '' })
  expect(JSON.parse(stdout)).toEqual({
    version,
    status: 2,
    errors: 1,
    warnings: 1,
    notes: 0,
    files: [
      {
        file: '10-pods.conflist',
        kind: 'network',
        networks: [{ name: 'pods', plugins: ['bridge', 'ip-masq', 'portmap'] }],
      },
    ],
    findings: [
      {
        file: '10-pods.conflist',
        line: 8,
        column: 63,
        severity: 'warning',
        rule: 'pointless',
        message:
          'nonMasqueradeCIDRs[1] "10.1.0.0/16" has no effect: it is a part of nonMasqueradeCIDRs[0] "10.0.0.0/8"; remove it',
      },
      {
        file: 'nope',
        line: null,
        column: null,
        severity: 'error',
        rule: 'unreadable',
        message: 'Cannot read this: there is no such file or directory',
      },
    ],
  })
})

test.each(RULES)('the rule %s is explained in docs/json.md', (rule) => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/json.md'), 'utf8')
  expect(page).toContain(`\n| \`${rule}\` | `)
})
