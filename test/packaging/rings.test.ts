import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import config from '../../vitest.config.mjs'

/** A ring that nobody runs would pass for ever. */
test('scripts/test runs every project of vitest.config.mts, once', async () => {
  const script = await readFile(new URL('../../scripts/test', import.meta.url), 'utf8')
  const run = [...script.matchAll(/^\s*(?:run_)?ring ([a-z-]+) /gm)].map(([, name]) => name)
  const projects = (config.test?.projects ?? []).map((project) =>
    typeof project === 'object' && 'test' in project ? project.test?.name : project,
  )
  expect(run.sort()).toEqual(projects.sort())
})
