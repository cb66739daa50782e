import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../scripts/packaging/root'
import { importsOf, readSources } from './imports'

/** What the linter cannot say of the seam to the machine; the rest is in biome.json. */

const sources = await readSources(['src/system/{node,native}/**'])

/** Pure JavaScript: they ask nothing of the machine. */
const PURE_PACKAGES = ['jsonc-parser', 'yaml', 'zod', 'zod/mini']

test('src has files, and they import', () => {
  expect(sources.size).toBeGreaterThan(100)
  expect([...sources.values()].flatMap(importsOf).length).toBeGreaterThan(500)
})

test('src imports its own, the machine by #system, and packages that need none', () => {
  const foreign = [...sources].flatMap(([file, source]) =>
    importsOf(source)
      .filter((name) => !/^(\.|#system\/)/.test(name) && !PURE_PACKAGES.includes(name))
      .map((name) => `${file}: ${name}`),
  )
  expect(foreign).toEqual([])
})

test('src does not read the clock by itself', () => {
  const reading = [...sources].filter(([, source]) => /\bDate\.now\b|\bnew Date\(\)/.test(source))
  expect(reading.map(([file]) => file)).toEqual([])
})

test('every module of the machine has an implementation for each runtime', async () => {
  const { imports } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const used = new Set([...sources.values()].flatMap(importsOf).filter((name) => name.startsWith('#system/')))
  expect(used.size).toBeGreaterThan(10)
  for (const name of used) {
    const own = imports[name] ?? imports['#system/*']
    const targets: string[] = typeof own === 'string' ? [own] : Object.values(own)
    for (const target of targets) {
      const path = target.replace('*', name.slice('#system/'.length))
      await expect(readFile(join(ROOT, path), 'utf8'), path).resolves.toContain('export ')
    }
  }
})
