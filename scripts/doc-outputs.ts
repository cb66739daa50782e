import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { scenesIn, withOutputs } from '../test/lab/documented'
import { ROOT } from './packaging/root'

for (const name of ['README.md', ...(await readdir(join(ROOT, 'docs'))).map((file) => `docs/${file}`)]) {
  if (!name.endsWith('.md')) continue
  const text = await readFile(join(ROOT, name), 'utf8')
  const scenes = scenesIn(text)
  if (scenes.length === 0) continue
  await writeFile(join(ROOT, name), await withOutputs(text))
  process.stdout.write(`${name}: ${scenes.length} outputs\n`)
}
