import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/packaging/root'

/** The documents of this repository, by their paths in it. */

const within = (folder: string, isBelow = false) =>
  (readdirSync(join(ROOT, folder), { recursive: isBelow, encoding: 'utf8' }) as string[])
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file))
    .sort()

export const PAGES: readonly string[] = [
  ...within('.'),
  ...within('.github', true),
  ...within('docs', true),
  'src/system/README.md',
  'test/golden/README.md',
]

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}
