import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { version } from '../../package.json'
import { EXECUTABLES } from '../lab/plugin'

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
    for (const key of [
      'nonMasqueradeCIDRs',
      'masqLinkLocal',
      'masqLinkLocalIPv6',
      'randomFully',
      'backend',
    ]) {
      expect(stdout).toContain(key)
    }
  })

  test.each(['--verbose', 'add', '--version --help'])('does not know %s', async (option) => {
    expect(await type(`${executable} ${option}`)).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: `Cannot use "${option}": see ip-masq --help`,
    })
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
