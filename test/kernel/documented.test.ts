import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scenesIn, withOutputs } from '../lab/documented'

/** The outputs in the documents are what the commands print; `scripts/doc-outputs` writes them anew. */

const ROOT = new URL('../../', import.meta.url).pathname
const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((file) => `docs/${file}`)].filter((page) =>
  page.endsWith('.md'),
)
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8')
const withScenes = pages.filter((page) => scenesIn(read(page)).length > 0)

test('some page has outputs', () => {
  expect(withScenes.length).toBeGreaterThan(0)
})

test.each(withScenes)('%s shows what the commands print', async (page) => {
  const text = read(page)
  expect(await withOutputs(text)).toBe(text)
})
