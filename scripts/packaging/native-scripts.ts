import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type BuildOptions, build, type Metafile } from 'esbuild'
import { ROOT } from './root'

const COMMON = {
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2023',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  write: false,
} satisfies BuildOptions

const CONDITIONS = ['native', 'module']

const MAIN = 'main.js'
const VERSION = 'version.js'

/** What native/start.js chooses from. */
export const PROGRAMS: readonly string[] = [MAIN, VERSION]

/** VERSION is all of a program, which shares no module with the other one. */
const VERSION_ENTRY = 'src/main-version.ts'

/**
 * The programs as ES modules: version.js; main.js, which is read in every other call; and the code of commands, refusals and the like,
 * each read when it is asked for.
 *
 * esbuild makes a module of its own of all that two `import()` share. Each one costs a call 40,000 instructions, so those that main.js
 * needs from the start become part of it.
 */
export async function nativeScripts(outdir: string, entry: string): Promise<void> {
  const { outputFiles, metafile } = await build({
    ...COMMON,
    absWorkingDir: ROOT,
    entryPoints: { main: entry },
    splitting: true,
    conditions: CONDITIONS,
    mainFields: ['module', 'main'],
    chunkNames: '[name]-[hash]',
    outdir,
    metafile: true,
  })
  const scripts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]))
  replaceImportCalls(scripts, metafile)
  const parts = partsOfMain(metafile)
  const exported = new Set<string>()
  const others = [...scripts]
    .filter(([name]) => !parts.includes(name))
    .map(([name, text]) => ({ name, text: importFromMain(text, parts, exported) }))
  const { main, locals } = exportLocalNames(await joinParts(scripts, parts, exported))
  await writeProgram(outdir, MAIN, main)
  await writeProgram(outdir, VERSION, await versionScript())
  for (const { name, text } of others) await writeFile(join(outdir, name), importLocalNames(text, locals))
}

/** See add_dates in native/modules.c. */
async function writeProgram(outdir: string, name: string, text: string): Promise<void> {
  if (/\bDate\b/.test(text)) throw new Error(`${name} uses Date, which only the other modules have`)
  await writeFile(join(outdir, name), text)
}

async function versionScript(): Promise<string> {
  const { outputFiles, metafile } = await build({
    ...COMMON,
    absWorkingDir: ROOT,
    entryPoints: [VERSION_ENTRY],
    conditions: CONDITIONS,
    metafile: true,
  })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
  if (imports.length > 0) throw new Error(`${VERSION_ENTRY} loads ${imports.map(({ path }) => path).join()}`)
  return outputFiles[0]?.text ?? ''
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

/** What a script imports of a part of main.js, it imports of main.js, by a name that says of which part it is. */
function importFromMain(text: string, parts: readonly string[], exported: Set<string>): string {
  return text.replaceAll(
    /\bimport(?:\{([^{}]*)\}from)?"\.\/([^"]+)"/g,
    (whole, list: string = '', from: string) => {
      const part = parts.indexOf(from)
      if (part < 0) return whole
      if (list === '') return `import"./${MAIN}"`
      const names = list.split(',').map((item) => {
        const [name = '', local = name] = item.split(' as ')
        exported.add(`${name} of ${from}`)
        return `${name}$${part} as ${local}`
      })
      return `import{${names.join()}}from"./${MAIN}"`
    },
  )
}

async function joinParts(
  scripts: ReadonlyMap<string, string>,
  parts: readonly string[],
  exported: ReadonlySet<string>,
): Promise<string> {
  const exports = [...exported].sort().map((item) => {
    const [name = '', from = ''] = item.split(' of ')
    return `export{${name} as ${name}$${parts.indexOf(from)}}from"./${from}";`
  })
  const { outputFiles } = await build({
    ...COMMON,
    stdin: { contents: [...exports, `import"./${MAIN}";`].join('\n'), sourcefile: 'all.js' },
    plugins: [
      {
        name: 'parts',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^\.\// }, ({ path }) => ({ path: basename(path), namespace: 'parts' }))
          onLoad({ filter: /./, namespace: 'parts' }, ({ path }) => ({ contents: scripts.get(path) ?? '' }))
        },
      },
    ],
  })
  return outputFiles[0]?.text ?? ''
}

/** The engine makes a string of each name that it reads; the one that the minifier gave to a variable is there anyway. */
function exportLocalNames(text: string) {
  const locals = new Map<string, string>()
  const main = text.replace(/\bexport\{([^{}]*)\};?\s*$/, (_, list: string) => {
    for (const item of list.split(',')) {
      const [local = '', name = local] = item.split(' as ')
      locals.set(name, local)
    }
    return `export{${[...new Set(locals.values())].join()}};`
  })
  return { main, locals }
}

function importLocalNames(text: string, locals: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\bimport\{([^{}]*)\}from"\.\/main\.js"/g, (_, list: string) => {
    const names = list.replaceAll(/[^,]+(?= as )/g, (name) => locals.get(name) ?? name)
    return `import{${names}}from"./${MAIN}"`
  })
}
