import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { copyFile, link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createNamespace, type Namespace } from '../lab/namespace'
import { patience } from '../lab/patience'
import { EXECUTABLES, WITHOUT_DOCUMENTS } from '../lab/plugin'

/** Killed at each system call that writes: the node is in the old state or the new one, and a second run ends it. */

let node: Namespace
let directory: string
let [binDir, confDir, cacheDir] = ['', '', '']
const hashOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
const right = hashOf(EXECUTABLES.native)

beforeAll(async () => {
  node = await createNamespace('crash')
})
afterAll(() => node.delete())
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-crash-'))
  ;[binDir = '', confDir = '', cacheDir = ''] = ['bin', 'net.d', 'cni'].map((name) => join(directory, name))
})
afterEach(() => rm(directory, { recursive: true }))

const CONFLIST = JSON.stringify({ cniVersion: '1.0.0', name: 'pods', plugins: [{ type: 'bridge' }] }, null, 2)
const OLD = '#!/bin/sh\necho an older release\n'

async function reset(): Promise<void> {
  for (const path of [binDir, confDir, cacheDir]) await rm(path, { recursive: true, force: true })
  for (const path of [binDir, confDir, join(cacheDir, 'results')]) await mkdir(path, { recursive: true })
  await writeFile(join(confDir, '10-pods.conflist'), CONFLIST)
  await writeFile(join(confDir, '.keep'), '')
}

/** A link, where that can be: 110 MB take their time. */
async function putExecutable(): Promise<void> {
  const path = join(binDir, 'ip-masq')
  await link(EXECUTABLES.native, path).catch(() => copyFile(EXECUTABLES.native, path))
}

const run = (line: string, strace: readonly string[] = []) =>
  execa(
    'ip',
    [
      ...['netns', 'exec', node.name, 'bash', '-c', `${WITHOUT_DOCUMENTS}; exec "$@"`, 'bash'],
      ...[...strace, EXECUTABLES.native, ...line.split(' ')],
    ],
    { reject: false },
  )

/** The one rule: what a conflist names is there, whole. */
function checkState(old?: string): void {
  const executable = join(binDir, 'ip-masq')
  if (existsSync(executable)) {
    expect(statSync(executable).mode & 0o777).toBe(0o755)
    if (readFileSync(executable, 'latin1') !== old) expect(hashOf(executable)).toBe(right)
  }
  const { plugins } = JSON.parse(readFileSync(join(confDir, '10-pods.conflist'), 'utf8'))
  expect([1, 2]).toContain(plugins.length)
  const dropIn = join(confDir, 'pods', '90-ip-masq.conf')
  const isNamed = plugins.length === 2 || existsSync(dropIn)
  if (existsSync(dropIn)) expect(JSON.parse(readFileSync(dropIn, 'utf8'))).toEqual({ type: 'ip-masq' })
  if (isNamed) expect(existsSync(executable)).toBe(true)
}

const CALLS = 'ftruncate fchmod fchown fsync renameat2 unlinkat mkdirat'.split(' ')
/** The executable is written in some hundred pieces. */
const KINDS = [...CALLS.map((call) => ({ call, step: 1 })), { call: 'write', step: 100 }]

/** Runs it again and again, killed at the first, second, third ... call of each kind, until it ends. Its kills. */
async function killEverywhere(line: string, prepare: () => Promise<void>, old?: string): Promise<number> {
  let kills = 0
  for (const { call, step } of KINDS) {
    for (let nth = 1; ; nth += step) {
      await prepare()
      const inject = `inject=${call}:signal=SIGKILL:when=${nth}`
      const { failed } = await run(line, [
        'strace',
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        '-e',
        `trace=${call}`,
        '-e',
        inject,
      ])
      checkState(old)
      if (!failed) break
      kills += 1
      expect((await run(line)).exitCode).toBe(0)
      checkState()
    }
  }
  return kills
}

const installLine = (mode: string) => `install --bin-dir ${binDir} --conf-dir ${confDir} --mode ${mode}`
const isInstalled = () => hashOf(join(binDir, 'ip-masq')) === right

/** Some fifty runs each, which copy 110 MB: 2 minutes, and several times that on a machine with much else to do. */
describe('killed at each write', { timeout: patience(900_000) }, () => {
  test('install', async () => {
    expect(await killEverywhere(installLine('patch'), reset)).toBeGreaterThan(10)
    expect(isInstalled()).toBe(true)
  })

  test('install by drop-in, of an executable that is there', async () => {
    const prepare = async () => {
      await reset()
      await putExecutable()
    }
    expect(await killEverywhere(installLine('drop-in'), prepare)).toBeGreaterThan(4)
  })

  test('install over an older release that a conflist names', async () => {
    const prepare = async () => {
      await reset()
      await writeFile(join(binDir, 'ip-masq'), OLD, { mode: 0o755 })
      const named = CONFLIST.replace(
        '"bridge"\n    }',
        '"bridge"\n    },\n    {\n      "type": "ip-masq"\n    }',
      )
      await writeFile(join(confDir, '10-pods.conflist'), named)
    }
    expect(await killEverywhere(installLine('patch'), prepare, OLD)).toBeGreaterThan(4)
    expect(isInstalled()).toBe(true)
  })

  test.each(['patch', 'drop-in'])('uninstall of a %s', async (mode) => {
    await reset()
    await run(installLine(mode))
    const installed = join(directory, 'installed')
    await execa('cp', ['-a', confDir, installed])
    const prepare = async () => {
      await reset()
      await putExecutable()
      await execa('rm', ['-r', confDir])
      await execa('cp', ['-a', installed, confDir])
    }
    const line = `uninstall --bin-dir ${binDir} --conf-dir ${confDir} --cache-dir ${cacheDir}`
    expect(await killEverywhere(line, prepare)).toBeGreaterThan(2)
    expect(existsSync(join(binDir, 'ip-masq'))).toBe(false)
    expect(readFileSync(join(confDir, '10-pods.conflist'), 'utf8')).toBe(CONFLIST)
  })
})
