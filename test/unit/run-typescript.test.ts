import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ROOT } from '../../scripts/packaging/root'

/** What scripts, the demo, the fuzzer and the benchmark rest on. */

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-typescript-'))
  await mkdir(join(directory, 'tmp'))
})
afterEach(() => rm(directory, { recursive: true }))

/** Runs a file of these lines, with a directory for temporary files of its own. */
async function run(lines: readonly string[], ...args: string[]) {
  const file = join(directory, 'program.ts')
  await writeFile(file, lines.join('\n'))
  const result = await execa(`${ROOT}/scripts/run-typescript`, [file, ...args], {
    env: { TMPDIR: join(directory, 'tmp') },
    reject: false,
  })
  return { ...result, file, left: await readdir(join(directory, 'tmp')) }
}

const PRINT = 'process.stdout.write(JSON.stringify([import.meta.url, ...process.argv.slice(1)]))'

test('a program gets its arguments and its own address, and its exit status is passed on', async () => {
  const { file, ...result } = await run([PRINT, 'process.exitCode = 7 as number'], 'a b', '--c')
  expect(JSON.parse(result.stdout)).toEqual([pathToFileURL(file).href, file, 'a b', '--c'])
  expect(result).toMatchObject({ exitCode: 7, stderr: '', left: [] })
})

test('an error names the line of the source file', async () => {
  const lines = ['interface Unused {', '  readonly a: number', '}', "throw new Error('wrong')"]
  const { exitCode, stderr, file, left } = await run(lines)
  expect(stderr).toContain('Error: wrong')
  expect(stderr).toContain(`${file}:4:`)
  expect({ exitCode, left }).toEqual({ exitCode: 1, left: [] })
})

test('a program that a signal ends leaves no file behind', async () => {
  const { signal, left } = await run(["process.kill(process.pid, 'SIGKILL')", 'await new Promise(() => {})'])
  expect({ signal, left }).toEqual({ signal: 'SIGKILL', left: [] })
})

test('a file that is no TypeScript is refused with its place', async () => {
  const { exitCode, stderr, left } = await run(['const a = '])
  expect(stderr).toContain('program.ts:1:10')
  expect({ exitCode, left }).toEqual({ exitCode: 1, left: [] })
})
