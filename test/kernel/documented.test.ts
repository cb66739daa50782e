import { expect, test } from 'vitest'
import { scenesIn, withOutputs } from '../lab/documented'
import { PAGES, readPage } from '../lab/pages'

/** The outputs in the documents are what the commands print; `scripts/doc-outputs` writes them anew. */

const withScenes = PAGES.filter((page) => scenesIn(readPage(page)).length > 0)

test('some page has outputs', () => {
  expect(withScenes.length).toBeGreaterThan(0)
})

test.each(withScenes)('%s shows what the commands print', async (page) => {
  const text = readPage(page)
  expect(await withOutputs(text)).toBe(text)
})
