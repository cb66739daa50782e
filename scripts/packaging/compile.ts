import { chmod, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import { ARCHITECTURES, type Architecture, thisArchitecture } from './architecture'
import { nativeBundle } from './bundle'
import { npmPackage } from './npm-package'
import { EMBEDDED } from './parts'
import { ROOT } from './root'

/**
 * The program as one native executable. The compiler writes the names of its files into it: it works in a directory of
 * its own under names that are always the same, so that the same sources give the same bytes. `makeFiles`: the bundle, its
 * first file first.
 */
export async function compile(
  architecture: Architecture,
  output: string,
  makeFiles: (directory: string) => Promise<string[]> = nativeBundle,
): Promise<void> {
  const compiler = await runtimeFor(thisArchitecture())
  const runtime = await runtimeFor(architecture)
  const work = await mkdtemp(join(dirname(output), '.compile-'))
  try {
    const files = await makeFiles(work)
    await execa(
      compiler,
      [
        'build',
        '--compile',
        `--target=bun-linux-${ARCHITECTURES[architecture].node}`,
        `--compile-executable-path=${runtime}`,
        '--bytecode',
        // A call of 10 ms is over before code that a JIT thread compiled could pay; 0.8 ms less (measured).
        '--compile-jit-policy=100',
        // Without these two a bunfig.toml or .env in the runtime's working directory would be run by root.
        '--no-compile-autoload-dotenv',
        '--no-compile-autoload-bunfig',
        `--external=${EMBEDDED}*`,
        ...files.map((file) => basename(file)),
        '--outfile',
        'ip-masq',
      ],
      { cwd: work, stdout: 'ignore', stderr: 'inherit' },
    )
    // What was written in large pieces stands in the page cache in large pieces, and starts 0.3 ms sooner.
    const whole = join(work, 'ip-masq.whole')
    await writeFile(whole, await readFile(join(work, 'ip-masq')))
    await chmod(whole, 0o755)
    // Renamed: a call of a test that runs meanwhile never sees half a file.
    await rename(whole, output)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** npm installs the runtime of this machine only. */
async function runtimeFor(architecture: Architecture): Promise<string> {
  const name = `@oven/bun-linux-${ARCHITECTURES[architecture].bun}`
  const path = 'bin/bun'
  if (architecture === thisArchitecture()) return executable(join(ROOT, 'node_modules', name, path))
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'))
  const { version, integrity } = packages[`node_modules/${name}`]
  return executable(join(await npmPackage({ name, version, integrity, members: [path] }), path))
}

async function executable(path: string): Promise<string> {
  await chmod(path, 0o755)
  return path
}
