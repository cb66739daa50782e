import { constants } from 'node:fs'
import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from '../../scripts/packaging/root'

/** The workflows run what anybody can run: our scripts, and what hands a release over. */

const directory = join(ROOT, '.github/workflows')

interface Job {
  readonly uses?: string
  readonly steps?: readonly { readonly run?: string; readonly uses?: string }[]
}

test.each(await readdir(directory))('%s', async (file) => {
  const text = await readFile(join(directory, file), 'utf8')
  const { jobs } = parse(text) as { jobs: Record<string, Job> }
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? [])
  const lines = steps.flatMap(({ run }) => (run === undefined ? [] : [run]))
  expect(lines.length).toBeGreaterThan(0)
  for (const line of lines) {
    const [command = ''] = line.split(' ')
    expect(line.trim().split('\n')).toHaveLength(1)
    expect(line).not.toMatch(/[;|&]/)
    if (['gh', 'cosign'].includes(command)) continue
    expect(command).toMatch(/^scripts\//)
    await access(join(ROOT, command), constants.X_OK)
  }
  // A tag can be moved to other code; a commit cannot.
  for (const { uses } of steps) if (uses) expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/)
  for (const line of text.split('\n'))
    if (/uses: \w+\/|uses: [\w-]+\/[\w-]+@/.test(line)) expect(line).toMatch(/ # v\d+\.\d+\.\d+$/)
  for (const { uses } of Object.values(jobs)) if (uses) await access(join(ROOT, uses))
})

test('no script of a package runs when the packages are installed', async () => {
  const files = [
    ...(await readdir(join(ROOT, 'scripts'))),
    ...(await readdir(join(ROOT, 'scripts/packaging'))),
  ]
  const installs: string[] = []
  for (const file of [
    ...files.map((name) => `scripts/${name}`),
    ...files.map((name) => `scripts/packaging/${name}`),
  ])
    for (const line of (await readFile(join(ROOT, file), 'utf8').catch(() => '')).split('\n'))
      if (/\bnpm (ci|install|i) /.test(line)) installs.push(line.trim())
  expect(installs.length).toBeGreaterThan(0)
  for (const line of installs) expect(line).toContain(' --ignore-scripts ')
})
