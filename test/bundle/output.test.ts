import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXECUTABLES } from '../lab/plugin'

/** Every byte arrives once, whatever stdout and stderr are, or the exit status says that it did not. */

const READER = fileURLToPath(new URL('../lab/slow-reader.pl', import.meta.url))

/** More than the 64 KiB that a pipe holds. */
const prefixes = Array.from({ length: 25_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`)
const plugin = `${JSON.stringify({ type: 'ip-masq', nonMasqueradeCIDRs: prefixes }, null, 2)}\n`
/** One message of 500 kB on stderr. */
const words = Array.from({ length: 50_000 }, (_, i) => `word${10_000 + i}`).join(' ')
const message = `Cannot run ip-masq convert ${words}: name one file, or none for stdin; see ip-masq convert --help\n`

let directory: string
let config: string
let script: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-output-'))
  config = join(directory, 'config.json')
  script = join(directory, 'script')
  await writeFile(config, JSON.stringify({ nonMasqueradeCIDRs: prefixes }))
  await writeFile(script, `exec "$@" convert ${words}`)
})
afterAll(() => rm(directory, { recursive: true }))

const sh = (script: string) => execa('bash', ['-c', script], { reject: false, stripFinalNewline: false })

describe.each(Object.entries(EXECUTABLES))('%s', (_, executable) => {
  const toStdout = (how: string) => sh(`exec perl ${READER} ${how} 1 ${executable} convert ${config}`)
  const toStderr = (how: string) => sh(`exec perl ${READER} ${how} 2 bash ${script} ${executable}`)

  test.each(['pipe', 'socket', 'tty'])('stdout is a non-blocking %s whose reader is slow', async (kind) => {
    const { exitCode, stdout } = await toStdout(kind)
    expect({ exitCode, isWhole: stdout === plugin }).toEqual({ exitCode: 0, isWhole: true })
  })

  test.each(['pipe', 'socket', 'tty'])('stderr is a non-blocking %s whose reader is slow', async (kind) => {
    const { exitCode, stdout } = await toStderr(kind)
    expect({ exitCode, isWhole: stdout === message }).toEqual({ exitCode: 2, isWhole: true })
  })

  test.each(['pipe', 'socket'])('a %s whose reader goes away early makes it fail', async (kind) => {
    expect((await toStdout(`${kind}:10000`)).exitCode).toBe(1)
    expect((await toStderr(`${kind}:10000`)).exitCode).toBe(1)
  })

  test('a file that is open already is continued, not truncated', async () => {
    const file = join(directory, 'log')
    await sh(`{ echo before; ${executable} convert ${config}; echo after; } > ${file}`)
    expect((await readFile(file, 'utf8')) === `before\n${plugin}after\n`).toBe(true)
  })

  test('a full disk makes it fail, and stderr says so', async () => {
    const { exitCode, stderr } = await sh(`${executable} convert ${config} > /dev/full`)
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^Cannot write to stdout: the disk is full; make room$/m)
    expect(stderr).not.toContain('defect')
    expect((await sh(`bash ${script} ${executable} 2> /dev/full`)).exitCode).toBe(1)
  })
})

/** Node.js opens /dev/null in the place of a descriptor that is closed, and so never knows. */
test('a closed stdout makes it fail, and a DEL that has nothing to write works', async () => {
  const sh = (line: string) => execa('bash', ['-c', line], { reject: false })
  const closed = await sh(`echo '{"cniVersion":"1.0.0"}' | CNI_COMMAND=VERSION ${EXECUTABLES.native} >&-`)
  expect(closed.exitCode).toBe(1)
  expect(closed.stderr).toContain('Cannot write the result: Error: EBADF')
  expect((await sh(`${EXECUTABLES.native} --version >&-`)).exitCode).toBe(1)
  const del = `CNI_COMMAND=DEL CNI_CONTAINERID=c1 CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin ${EXECUTABLES.native}`
  expect((await sh(`unshare -n bash -c '${del} >&-' <<< junk`)).exitCode).toBe(0)
})
