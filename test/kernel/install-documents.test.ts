import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createInstallSite, type InstallSite, WITHOUT_RUNTIMES } from '../lab/install-site'
import { EXECUTABLES, runCommand } from '../lab/plugin'

/** `ip-masq install --docs`, with a /usr/local/share of its own, and what uninstall makes of it. */

let site: InstallSite
let share = ''
beforeEach(async () => {
  site = await createInstallSite('documents')
  share = join(site.directory, 'share')
  await mkdir(share)
  await writeFile(join(site.confDir, '10-pods.conflist'), CONFLIST)
})
afterEach(() => site.delete())

const CONFLIST = '{ "cniVersion": "1.0.0", "name": "pods", "plugins": [{ "type": "bridge" }] }\n'
const run = (line: string, { before = '', executable = EXECUTABLES.native } = {}) =>
  runCommand(site.node, `${line} --bin-dir ${site.binDir} --conf-dir ${site.confDir}`, {
    executable,
    before: `${WITHOUT_RUNTIMES}\nmount --bind ${share} /usr/local/share\n${before}`,
  })
const install = (more: { before?: string; executable?: string } = {}) => run('install --docs', more)
const uninstall = (more = {}) => run(`uninstall --cache-dir ${site.cacheDir}`, more)

const FILES = [
  'bash-completion/completions/ip-masq',
  'fish/vendor_completions.d/ip-masq.fish',
  'man/man8/ip-masq.8',
  'zsh/site-functions/_ip-masq',
]
const there = async () => {
  const entries = await readdir(share, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(share.length + 1))
    .sort()
}
const WROTE = [FILES[2], FILES[0], FILES[3], FILES[1]].map((file) => `wrote /usr/local/share/${file}`)
const linesAbout = (lines: readonly string[]) => lines.filter((line) => line.includes('/usr/local'))

test.each(Object.entries(EXECUTABLES))(
  '%s writes what it prints, once, for everybody to read',
  async (_, executable) => {
    const { status, stderr, lines } = await install({ executable, before: 'umask 077' })
    expect({ status, stderr, lines: linesAbout(lines) }).toEqual({ status: 0, stderr: '', lines: WROTE })
    expect(await there()).toEqual(FILES)
    for (const file of FILES) expect((await stat(join(share, file))).mode & 0o777).toBe(0o644)
    for (const directory of ['man', 'man/man8', 'zsh/site-functions'])
      expect((await stat(join(share, directory))).mode & 0o777).toBe(0o755)
    const printed = await site.node.sh(`${executable} completion bash; ${executable} help --man`)
    const [bash, , man] = await Promise.all(FILES.map((file) => readFile(join(share, file), 'utf8')))
    expect(`${bash}${man}`.trimEnd()).toBe(printed)
    expect(linesAbout((await install({ executable })).lines)).toEqual([])
  },
)

test('a file of an earlier version is replaced; what is not ours, or is not as we wrote it, is left alone', async () => {
  await install()
  const [bash = '', fish = '', man = '', zsh = ''] = FILES.map((file) => join(share, file))
  // The digest leaves the line out that names the version.
  const text = await readFile(bash, 'utf8')
  await writeFile(bash, text.replace(/ip-masq \S+ wrote/, 'ip-masq 0.0.9 wrote'))
  await writeFile(fish, `${await readFile(fish, 'utf8')}# ours\n`)
  await writeFile(man, 'of another package\n')
  await symlink(join(site.directory, 'elsewhere'), `${zsh}.new`)
  await rename(`${zsh}.new`, zsh)
  const { status, lines } = await install()
  const remove = 'remove it, and run this again'
  expect({ status, lines: linesAbout(lines) }).toEqual({
    status: 1,
    lines: [
      `wrote /usr/local/share/${FILES[0]}`,
      `left alone: /usr/local/share/${FILES[2]} is not a file that ip-masq wrote; ${remove}`,
      `left alone: /usr/local/share/${FILES[3]} is not a file that ip-masq wrote; ${remove}`,
      `left alone: /usr/local/share/${FILES[1]} is ours, and somebody has changed it; ${remove}`,
    ],
  })
  expect(await readFile(bash, 'utf8')).toBe(text)
  expect(await readFile(man, 'utf8')).toBe('of another package\n')

  const gone = await uninstall()
  expect({ status: gone.status, lines: linesAbout(gone.lines) }).toEqual({
    status: 0,
    lines: [
      `removed /usr/local/share/${FILES[0]}`,
      `left alone: /usr/local/share/${FILES[1]} is ours, and somebody has changed it`,
    ],
  })
  expect(await there()).toEqual([FILES[1], FILES[2]])
  expect(await readdir(site.binDir)).toEqual([])
})

test('uninstall removes all of them with the executable, and says nothing where there are none', async () => {
  await install()
  expect(linesAbout((await uninstall()).lines)).toEqual(WROTE.map((line) => line.replace('wrote', 'removed')))
  expect(await there()).toEqual([])
  expect((await uninstall()).lines).toEqual([`nothing to do: there is no ${site.binDir}/ip-masq`])
})

test('what cannot be written fails the install, and what cannot be removed holds no uninstall up', async () => {
  const readOnly = { before: 'mount -o remount,bind,ro /usr/local/share' }
  const refused = await install(readOnly)
  expect(refused).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^Cannot make .*\/usr\/local\/share\/man: its file system is read-only$/),
  })
  expect(refused.lines).toContain(`added ip-masq to ${site.confDir}/10-pods.conflist`)
  await install()
  const { status, lines } = await uninstall(readOnly)
  expect({ status, lines: linesAbout(lines) }).toEqual({
    status: 0,
    lines: [FILES[2], FILES[0], FILES[3], FILES[1]].map((file) =>
      expect.stringMatching(`^left alone: /usr/local/share/${file}: its file system is read-only$`),
    ),
  })
  expect(await readdir(site.binDir)).toEqual([])
})

test('a watch writes none', async () => {
  expect(await run('install --docs --watch')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: 'Cannot use --docs with --watch or --sync: run ip-masq install --docs once',
  })
})
