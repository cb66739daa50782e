import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scenesIn, withOutputs } from '../test/lab/documented'
import { PAGES, readPage } from '../test/lab/pages'
import { ROOT } from './packaging/root'

for (const page of PAGES) {
  const text = readPage(page)
  const scenes = scenesIn(text)
  if (scenes.length === 0) continue
  await writeFile(join(ROOT, page), await withOutputs(text))
  process.stdout.write(`${page}: ${scenes.length} outputs\n`)
}
