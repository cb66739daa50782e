import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { version } from '../../package.json'
import { ROWS } from '../../src/commands/rows'
import { KEYS } from '../../src/config/keys'
import { EXECUTABLES } from '../lab/plugin'

const READER = fileURLToPath(new URL('../lab/slow-reader.pl', import.meta.url))

/** As an operator types it: a shell, no CNI variables. */
const type = (command: string) => execa('bash', ['-c', command], { reject: false, stdin: 'ignore' })

describe.each(Object.entries(EXECUTABLES))('%s, started by hand', (_, executable) => {
  test('says what it is', async () => {
    const { exitCode, stdout, stderr } = await type(executable)
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    expect(stderr).toContain(`ip-masq ${version}`)
    expect(stderr).toContain('0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0')
  })

  test('--version', async () => {
    expect(await type(`${executable} --version`)).toMatchObject({ exitCode: 0, stdout: version, stderr: '' })
  })

  test('--help names every key', async () => {
    const { exitCode, stdout } = await type(`${executable} --help`)
    expect(exitCode).toBe(0)
    for (const key of Object.keys(KEYS)) {
      expect(stdout).toContain(key)
    }
  })

  test.each([
    ['tty', '', '\x1b[1m', '\x1b[0m'],
    ['tty', '1', '', ''],
    ['pipe', '', '', ''],
  ])('headings on a %s with NO_COLOR="%s"', async (kind, noColor, bold, plain) => {
    const typed = `NO_COLOR=${noColor} perl ${READER} ${kind} 1 ${executable} help convert`
    const { exitCode, stdout } = await type(typed)
    expect(exitCode).toBe(0)
    expect(stdout).toContain(`\n\n${bold}Usage:${plain}\n  ip-masq convert [FILE]\n\n`)
    expect(stdout.split('\x1b')).toHaveLength(bold === '' ? 1 : 11)
  })

  test.each(Object.keys(ROWS))('%s --help', async (command) => {
    // So that a mistake here leaves the machine as it is.
    const nowhere = ['install', 'uninstall'].includes(command) ? '--bin-dir /nowhere --conf-dir /nowhere' : ''
    const { exitCode, stdout, stderr } = await type(`${executable} ${command} ${nowhere} --help`)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`^ip-masq ${command}: [^]*\\nUsage:\\n  ip-masq ${command}`))
  })

  test('a reader that has read enough is no defect', async () => {
    const { stdout, stderr } = await type(
      `exec 3>&1; (sleep 0.3; ${executable} help convert; echo "status $?" >&3) | true`,
    )
    expect({ stdout, stderr }).toEqual({ stdout: 'status 1', stderr: '' })
  })

  test.each(['--verbose', 'add', '--version --help'])('does not know %s', async (option) => {
    expect(await type(`${executable} ${option}`)).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: `Cannot use "${option}": ip-masq has no such command; see ip-masq --help`,
    })
  })

  test('explain --conf - and validate - read stdin, once', async () => {
    const own = `printf '{ "type": "ip-masq",\\n  "nonMasqueradeCIDRs": ["10.0.0.0/8"] }'`
    const explained = await type(`${own} | ${executable} explain --conf - 10.244.1.7 10.1.1.1`)
    expect(explained).toMatchObject({ exitCode: 0, stderr: '' })
    expect(explained.stdout.split('\n').slice(0, 2)).toEqual([
      '10.244.1.7, to 10.1.1.1: not masqueraded',
      '  because: nonMasqueradeCIDRs[0] "10.0.0.0/8", -:2:26',
    ])
    expect(await type(`echo '[]' | ${executable} explain --conf - 10.244.1.7 10.1.1.1`)).toMatchObject({
      exitCode: 1,
      stderr: 'Cannot use stdin: it is not a JSON object',
    })
    expect(await type(`${own} | ${executable} validate - -`)).toMatchObject({
      exitCode: 0,
      stdout: '1 file judged: 0 errors, 0 warnings',
    })
  })

  test('convert reads a file or stdin; what is left out goes to stderr', async () => {
    const config = `printf 'nonMasqueradeCIDRs: [10.0.0.0/8]\\ncidrLimit: 9'`
    const script = `file=$(mktemp); trap 'rm "$file"' EXIT; ${config} > "$file"; ${executable} convert "$file"`
    for (const command of [
      script,
      `${config} | ${executable} convert`,
      `${config} | ${executable} convert -`,
    ]) {
      const { exitCode, stdout, stderr } = await type(command)
      expect({ exitCode, stdout }).toEqual({
        exitCode: 0,
        stdout: '{\n  "type": "ip-masq",\n  "nonMasqueradeCIDRs": [\n    "10.0.0.0/8"\n  ]\n}',
      })
      expect(stderr).toMatch(/^left out: cidrLimit, which has no effect in ip-masq\nIPv6: /)
    }
  })

  test.each([
    ['convert </dev/null', 1, 'Cannot convert this: the input is empty'],
    ['convert /no/such/file', 1, 'Cannot read /no/such/file: there is no such file or directory'],
    ['convert </tmp', 1, 'Cannot read stdin: it is a directory; name a file'],
    ["convert <<< $'\\xff'", 1, 'Cannot read stdin: it is not UTF-8'],
    [
      'convert --yaml',
      2,
      'Cannot run ip-masq convert: there is no option --yaml; see ip-masq convert --help',
    ],
    [
      'convert a b',
      2,
      'Cannot run ip-masq convert a b: name one file, or none for stdin; see ip-masq convert --help',
    ],
  ])('%s', async (command, exitCode, message) => {
    const reply = await type(`${executable} ${command}`)
    expect(reply).toMatchObject({ exitCode, stdout: '' })
    expect(reply.stderr.split('\n')[0]).toBe(message)
  })

  test('is one file: it runs alone in a directory, under any name, whatever lies beside it', async () => {
    const [command = '', file] = executable.split(' ')
    const script = `
      dir=$(mktemp -d); trap 'rm -r "$dir"' EXIT; cp ${file ?? command} "$dir/masq"; cd "$dir"
      echo 'preload = ["./evil.ts"]' > bunfig.toml; echo 'console.log("evil")' > evil.ts
      echo 'CNI_COMMAND=ADD' > .env
      ${file ? `${command} ` : ''}./masq --version`
    expect(await type(script)).toMatchObject({ exitCode: 0, stdout: version })
  })
})
