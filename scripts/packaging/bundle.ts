import { chmod } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { ROOT } from './root'

const { resolve } = createRequire(import.meta.url)

const ENTRY = join(ROOT, 'src/main.ts')

/** The program as one file for Node; the paths of all files that are in it, relative to the repository. */
export async function bundle(outfile: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node20',
    // CommonJS: it runs under any file name.
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
    entryPoints: [ENTRY],
    outfile,
    metafile: true,
    keepNames: true,
    banner: { js: '#!/usr/bin/env node' },
  })
  await chmod(outfile, 0o755)
  return Object.keys(metafile.inputs)
}
