#!/usr/bin/env node
// npm run build: dist/ip-masq.js (Node) and dist/ip-masq (native), from one bundle.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const bundle = `${root}dist/ip-masq.js`
const native = `${root}dist/ip-masq`

const { resolve } = createRequire(import.meta.url)

mkdirSync(`${root}dist`, { recursive: true })
await build({
  entryPoints: [`${root}src/main.ts`],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  target: 'node20',
  // CommonJS: it runs under any file name, and it is what the native compiler turns into bytecode.
  format: 'cjs',
  minify: true,
  keepNames: true,
  // The CommonJS build: the other asks for its own file's name, which a bundle does not have.
  alias: {
    tinyglobby: resolve('tinyglobby'),
    // Its CommonJS build asks for files by names that a bundle does not have.
    'jsonc-parser': resolve('jsonc-parser').replace('/umd/', '/esm/'),
  },
  banner: { js: '#!/usr/bin/env node' },
  legalComments: 'none',
  logLevel: 'warning',
})
chmodSync(bundle, 0o755)

const arch = { x64: 'x64', arm64: 'aarch64' }[process.arch]
const bun = resolve(`@oven/bun-linux-${arch}/bin/bun`)
chmodSync(bun, 0o755)
// Without the two "no-autoload" options a bunfig.toml or .env in the runtime's working directory would be run by root.
// jit-policy: a call of 10 ms is over before code that a JIT thread compiled could pay; 0.8 ms less (measured).
// Compiled under another name and renamed: a call of a test that runs meanwhile never sees half a file.
const unfinished = `${native}.${process.pid}`
try {
  execFileSync(
    bun,
    [
      'build',
      '--compile',
      '--bytecode',
      '--compile-jit-policy=100',
      '--no-compile-autoload-dotenv',
      '--no-compile-autoload-bunfig',
      bundle,
      '--outfile',
      unfinished,
    ],
    { cwd: `${root}dist`, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  renameSync(unfinished, native)
} finally {
  rmSync(unfinished, { force: true })
}
