import { chmod, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import {
  type Asked,
  BANNER,
  EMBEDDED,
  entryOf,
  FIRST,
  MAIN,
  otherParts,
  PART_NAMES,
  requireUse,
} from './parts'
import { ROOT } from './root'

const { resolve } = createRequire(import.meta.url)

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node20',
  // CommonJS: it runs under any file name, and it is what the native compiler turns into bytecode.
  format: 'cjs',
  minify: true,
  alias: {
    // The CommonJS build: the other asks for its own file's name, which a bundle does not have.
    tinyglobby: resolve('tinyglobby'),
    // Its CommonJS build asks for files by names that a bundle does not have.
    'jsonc-parser': resolve('jsonc-parser').replace('/umd/', '/esm/'),
  },
  legalComments: 'none',
  logLevel: 'warning',
} as const satisfies BuildOptions

const ENTRY = join(ROOT, 'src/main.ts')

/** The program as one file for Node; the paths of all files that are in it, relative to the repository. */
export async function bundle(outfile: string): Promise<string[]> {
  const { metafile } = await build({
    ...COMMON,
    entryPoints: [ENTRY],
    outfile,
    metafile: true,
    keepNames: true,
    banner: { js: '#!/usr/bin/env node' },
  })
  await chmod(outfile, 0o755)
  return Object.keys(metafile.inputs)
}

/**
 * The same program for the native compiler: our own code in its parts, the first of which is run, and then each npm package
 * as a file of its own, which no call of a pod's needs. Without the names of functions, which take 0.4 ms.
 */
export async function nativeBundle(directory: string): Promise<string[]> {
  const packages = new Map<string, string>()
  const asked: Asked = new Map()
  const buildPart = (part: string, contents: string, write: boolean) =>
    build({
      ...COMMON,
      alias: {},
      // Which implementation of `#system/*` it is (package.json, "imports").
      conditions: ['bun'],
      banner: { js: BANNER },
      stdin: { contents, resolveDir: ROOT },
      outfile: join(directory, `${part}.js`),
      write,
      metafile: true,
      external: [`${EMBEDDED}*`],
      plugins: [embeddedPackages(packages), otherParts(part, asked)],
    })
  const buildParts = async (write: boolean) => {
    for (const part of PART_NAMES) await buildPart(part, entryOf(part, asked), write)
  }
  // What they ask of each other is known when all have been looked at; a part that is asked for more may ask for more.
  for (let known = -1; known !== countAsked(asked); ) {
    known = countAsked(asked)
    await buildParts(false)
  }
  await buildParts(true)
  const { metafile } = await buildPart(FIRST, MAIN, false)
  requireUse(asked, metafile.inputs)
  for (const [file, name] of packages) {
    const source = join(directory, `${file}.ts`)
    await writeFile(source, `export * from '${name}'\n`)
    await build({
      ...COMMON,
      entryPoints: [source],
      outfile: join(directory, file),
      nodePaths: [join(ROOT, 'node_modules')],
    })
  }
  // The compiler keeps the order, and esbuild finds them in any.
  const files = [...PART_NAMES.map((part) => `${part}.js`), ...[...packages.keys()].sort()]
  return files.map((file) => join(directory, file))
}

function countAsked(asked: Asked): number {
  return [...asked.values()].reduce((sum, modules) => sum + modules.size, 0)
}

function embeddedPackages(packages: Map<string, string>): Plugin {
  return {
    name: 'packages',
    setup({ onResolve }) {
      onResolve({ filter: /^[a-z@]/ }, ({ path, kind }) => {
        if (kind === 'entry-point' || path.startsWith('node:')) return undefined
        const file = `${path.replaceAll('/', '-')}.js`
        packages.set(file, path)
        return { path: `${EMBEDDED}${file}`, external: true }
      })
    },
  }
}
