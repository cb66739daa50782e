import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, expect, test } from 'vitest'
import { ROOT } from '../../scripts/packaging/root'

/** What scripts/test counts of a run of the rings. */

const directory = await mkdtemp(join(tmpdir(), 'ip-masq-rings-'))
afterAll(() => rm(directory, { recursive: true }))

const IMPORT = "import { afterAll, test } from 'vitest'\n"
const FILES = {
  'good/a.test.ts': `${IMPORT}test('a', () => {}); test('b', () => {})`,
  'bad/a.test.ts': `${IMPORT}test('a', () => {}); test('b', () => { throw new Error('no') })`,
  'skipped/a.test.ts': `${IMPORT}test('a', () => {}); test.skip('b', () => {})`,
  'hook/a.test.ts': `${IMPORT}test('a', () => {}); afterAll(() => { throw new Error('no') })`,
  'unreadable/a.test.ts': "import './nothing'",
  'unreadable/b.test.ts': `${IMPORT}test('a', () => {})`,
  'late/a.test.ts': `${IMPORT}test('a', () => { Promise.reject(new Error('late')) })`,
}
const RINGS = ['good', 'bad', 'skipped', 'hook', 'unreadable', 'late', 'empty']

test('a test that was skipped, a file that cannot be run and a ring without tests failed', async () => {
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(join(directory, dirname(name)), { recursive: true })
    await writeFile(join(directory, name), text)
  }
  const projects = RINGS.map((name) => ({ test: { name, include: [`${name}/*.test.ts`] } }))
  await writeFile(
    join(directory, 'vitest.config.mjs'),
    `export default { test: { projects: ${JSON.stringify(projects)} } }`,
  )
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  const counts = join(directory, 'counts')
  const { stdout } = await execa(
    join(ROOT, 'node_modules/.bin/vitest'),
    ['run', '--root', directory, '--reporter', join(ROOT, 'test/lab/ring-reporter.ts')],
    { cwd: directory, env: { RINGS: counts }, reject: false },
  )
  expect((await readFile(counts, 'utf8')).split('\n')).toEqual([
    ...['good 2 0', 'bad 1 1', 'skipped 1 1', 'hook 1 1', 'unreadable 1 1', 'late 1 0', 'empty 0 1'],
    'errors-outside-of-tests 0 1',
    '',
  ])
  // Side by side as they ran, in order as they are read.
  expect(stdout.match(/^== .*/gm)).toEqual(RINGS.slice(0, -1).map((name) => `== ${name}`))
})

/** A ring that nobody runs would pass for ever. */
test('scripts/test runs every project of vitest.config.mts', async () => {
  const script = await readFile(join(ROOT, 'scripts/test'), 'utf8')
  expect(script.split('\n')).toContain('rings')
})
