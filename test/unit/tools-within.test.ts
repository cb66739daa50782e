import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toolsWithin } from '../../src/backend/host'

/** The tools of one call share a limit, and none of them is left without time. */

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-tools-'))
  await writeFile(join(directory, 'hangs'), '#!/bin/sh\nexec /bin/sleep 300\n', { mode: 0o755 })
  await writeFile(join(directory, 'answers'), '#!/bin/sh\necho yes\n', { mode: 0o755 })
})
afterAll(() => rm(directory, { recursive: true }))

test('a tool that comes after one which took all the time still has time', () => {
  const run = toolsWithin(directory, 200)
  expect(run('hangs', [], '')).toEqual({ outcome: 'deadline', milliseconds: 2_000 })
  expect(run('answers', [], '')).toEqual({ outcome: 'exited', status: 0, stdout: 'yes\n', stderr: '' })
  expect(run('hangs', [], '')).toEqual({ outcome: 'deadline', milliseconds: 2_000 })
})
