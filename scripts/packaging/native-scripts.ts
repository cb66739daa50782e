import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { ROOT } from './root'

const MAIN = 'main.js'

/**
 * Writes the program as ES modules. Returns the names of those that each call needs, the main one first; the others have the code of
 * commands, refusals and the like, and are read when they are asked for.
 */
export async function nativeScripts(outdir: string, entry: string): Promise<string[]> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { main: entry },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2023',
    conditions: ['native', 'module'],
    mainFields: ['module', 'main'],
    minify: true,
    legalComments: 'none',
    chunkNames: '[name]-[hash]',
    outdir,
    metafile: true,
    write: false,
    logLevel: 'warning',
  })
  const scripts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]))
  replaceImportCalls(scripts, metafile)
  for (const [name, text] of scripts) {
    if (text.includes('Math.random')) throw new Error(`${name} uses Math.random: see native/snapshot.c`)
    await writeFile(join(outdir, name), text)
  }
  return partsOfMain(metafile)
}

/** See import_chunk in native/modules.c. */
function replaceImportCalls(scripts: Map<string, string>, { outputs }: Metafile): void {
  let replaced = 0
  for (const [script, text] of scripts) {
    const calls = text.replaceAll(/\bimport\("\.\/([^"]+)"\)/g, (_, name) => {
      replaced++
      return `importChunk("${name}")`
    })
    scripts.set(script, calls)
  }
  const imports = Object.values(outputs).flatMap((output) => output.imports)
  const wanted = imports.filter(({ kind }) => kind === 'dynamic-import').length
  if (replaced < wanted) throw new Error(`Only ${replaced} of ${wanted} import() could be replaced`)
}

/** main.js and all that it imports, and so on, in an order that is always the same. */
function partsOfMain({ outputs }: Metafile): string[] {
  const parts = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output]))
  const found = new Set([MAIN])
  for (const part of found) {
    for (const { path, kind } of parts.get(part)?.imports ?? [])
      if (kind === 'import-statement' && parts.has(basename(path))) found.add(basename(path))
  }
  return [...found]
}
