import { chmod, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
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
/** Of the native runtime only. */
const NATIVE = 'bun:ffi'

/** The program as one file for Node; the paths of all files that are in it, relative to the repository. */
export async function bundle(outfile: string): Promise<string[]> {
  const { metafile } = await build({
    ...COMMON,
    entryPoints: [ENTRY],
    outfile,
    metafile: true,
    keepNames: true,
    external: [NATIVE],
    banner: { js: '#!/usr/bin/env node' },
  })
  await chmod(outfile, 0o755)
  return Object.keys(metafile.inputs)
}

/** Where the native runtime has the files that are compiled into it. */
export const EMBEDDED = '/$bunfs/root/'

/**
 * The same program for the native compiler, the first file; and each npm package that it uses as a file of its own, which
 * is read when it is asked for: no call of a pod's needs one, and reading past them takes 1 ms of each. Without the
 * names of functions, which take 0.4 ms.
 */
export async function nativeBundle(directory: string): Promise<string[]> {
  const packages = new Map<string, string>()
  const main = join(directory, 'ip-masq.js')
  await build({
    ...COMMON,
    alias: {},
    entryPoints: [ENTRY],
    outfile: main,
    external: [NATIVE],
    plugins: [
      {
        name: 'packages',
        setup({ onResolve }) {
          onResolve({ filter: /^[a-z@]/ }, ({ path, kind }) => {
            if (kind === 'entry-point' || path.startsWith('node:') || path === NATIVE) return undefined
            const file = `${path.replaceAll('/', '-')}.js`
            packages.set(file, path)
            return { path: `${EMBEDDED}${file}`, external: true }
          })
        },
      },
    ],
  })
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
  return [main, ...[...packages.keys()].sort().map((file) => join(directory, file))]
}
