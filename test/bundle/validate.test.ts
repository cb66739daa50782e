import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXECUTABLES } from '../lab/plugin'
import { conflistWith } from '../lab/validation'

/**
 * As a CI job runs it: another user than root, without capabilities, in a repository. The executables are copied, because that user may not
 * enter the directory that they were built in.
 */

const AS_NOBODY = '--reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs'.split(' ')

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-ci-'))
  await chmod(directory, 0o755)
  await mkdir(join(directory, 'cni'))
  await writeFile(
    join(directory, 'cni/10-pods.conflist'),
    conflistWith('{ "type": "ip-masq", "configFiles": ["/etc/ip-masq/*"] }'),
  )
  await writeFile(
    join(directory, 'agent.yaml'),
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ip-masq-agent }\ndata:\n  config: |\n    masqLinkLocal: maybe\n',
  )
  await mkdir(join(directory, 'root/etc/ip-masq'), { recursive: true })
  await writeFile(join(directory, 'root/etc/ip-masq/a.yaml'), 'nonMasqueradeCIDRs:\n- 10/8\n')
  await writeFile(join(directory, 'secret.conflist'), conflistWith('{ "type": "ip-masq" }'), { mode: 0o600 })
})
afterAll(() => rm(directory, { recursive: true }))

describe.each(Object.entries(EXECUTABLES))('%s, without root', (name, executable) => {
  const words = executable.split(' ')
  const copy = () => join(directory, `${name.replace(/\W+/g, '-')}-ip-masq`)
  beforeAll(async () => {
    await copyFile(words.at(-1) ?? '', copy())
    await chmod(copy(), 0o755)
  })

  const validate = (args: string, input?: string) => {
    const command = [...words.slice(0, -1), copy(), 'validate', ...args.split(' ')]
    return execa('setpriv', [...AS_NOBODY, ...command], {
      cwd: directory,
      reject: false,
      env: { PATH: process.env.PATH },
      extendEnv: false,
      ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    })
  }

  const offline =
    'configFiles[0] "/etc/ip-masq/*" is not looked at, because only nodes have it; name a directory that has it with --files-root'
  const maybe = 'Cannot use ConfigMap ip-masq-agent, config: masqLinkLocal "maybe": write true or false'

  test('judges a directory and a manifest', async () => {
    expect(await validate('--offline cni agent.yaml')).toMatchObject({
      exitCode: 1,
      stdout: `cni/10-pods.conflist:8:42: warning: ${offline}
agent.yaml:6:5: error: ${maybe}
2 files judged: 1 error, 1 warning`,
      stderr: '',
    })
  })

  test('annotates a pull request', async () => {
    expect(await validate('--offline --strict --format github cni')).toMatchObject({
      exitCode: 1,
      stdout: `::warning file=cni/10-pods.conflist,line=8,col=42::${offline}
1 file judged: 0 errors, 1 warning`,
      stderr: '',
    })
  })

  test('looks for the files of a node below a directory, and names them as it was named', async () => {
    expect(await validate('--files-root root --format github cni')).toMatchObject({
      exitCode: 1,
      stdout: `::error file=root/etc/ip-masq/a.yaml,line=2,col=3::Cannot use configFiles[0] "/etc/ip-masq/a.yaml": nonMasqueradeCIDRs[0] "10/8": write all four octets, as in "10.0.0.0/8"
1 file judged: 1 error, 0 warnings`,
      stderr: '',
    })
  })

  test('what it may not read is an error, and ends with 2', async () => {
    expect(await validate('--offline cni secret.conflist')).toMatchObject({
      exitCode: 2,
      stdout: `cni/10-pods.conflist:8:42: warning: ${offline}
secret.conflist: error: Cannot read this: user 65534 has no permission; run it as root
1 file judged: 1 error, 1 warning`,
      stderr: '',
    })
  })

  test('reads stdin', async () => {
    expect(await validate('-', conflistWith('{ "type": "ip-masq", "ipv4": 1 }'))).toMatchObject({
      exitCode: 1,
      stdout: '-:8:26: error: Cannot use ipv4 1: write true or false\n1 file judged: 1 error, 0 warnings',
      stderr: '',
    })
  })

  test('a root that cannot be entered ends with 2', async () => {
    const { exitCode, stdout, stderr } = await validate('--root /nope')
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(/^Cannot enter \/nope: /)
  })

  test('a --files-root that is not there ends with 2', async () => {
    expect(await validate('--files-root /nope cni')).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: 'Cannot use --files-root /nope: there is no such directory',
    })
  })

  test('a command line that cannot be used ends with 2', async () => {
    expect(await validate('--format gitlab cni')).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: 'Cannot use --format "gitlab": write text or github',
    })
  })
})
