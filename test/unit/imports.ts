import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { globSync } from 'tinyglobby'
import { ROOT } from '../../scripts/packaging/root'

/** The text of each source file, by its path from the root of the repository. */
export async function readSources(ignore: readonly string[] = []): Promise<ReadonlyMap<string, string>> {
  const files = globSync('src/**/*.ts', { cwd: ROOT, ignore: [...ignore] }).sort()
  const sources = new Map<string, string>()
  for (const file of files) sources.set(file, await readFile(join(ROOT, file), 'utf8'))
  return sources
}

/** What a file imports or exports by name, types and what it loads later included. */
export function importsOf(source: string): string[] {
  return [...source.matchAll(/\b(?:from|import\()\s*'([^']+)'/g)].map(([, name = '']) => name)
}
