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
  const { jobs } = parse(await readFile(join(directory, file), 'utf8')) as { jobs: Record<string, Job> }
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? [])
  const lines = steps.flatMap(({ run }) => (run === undefined ? [] : [run]))
  expect(lines.length).toBeGreaterThan(0)
  for (const line of lines) {
    const [command = ''] = line.split(' ')
    expect(line.trim().split('\n')).toHaveLength(1)
    expect(line).not.toMatch(/[;|&]/)
    if (command === 'gh') continue
    expect(command).toMatch(/^scripts\//)
    await access(join(ROOT, command), constants.X_OK)
  }
  for (const { uses } of Object.values(jobs)) if (uses) await access(join(ROOT, uses))
})
