import { cp, mkdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { ARCHITECTURES, type Architecture } from './architecture'
import { ROOT } from './root'
import { keyOf, makeOnce, sourceOf, type Upstream } from './upstream-source'

/**
 * musl, as Debian 13 has it: the C library of the native executable. A static program of glibc asks the processor some fifty times
 * about its caches before its first line (CPUID), and in a virtual machine each time costs microseconds: all of VERSION takes half as
 * long as an empty program of glibc where one costs 8 us. This version's known flaw is in iconv
 * (CVE-2025-26519), which is not linked.
 */
export const C_LIBRARY_VERSION = '1.2.5'

const MUSL: Upstream = {
  name: `musl-${C_LIBRARY_VERSION}`,
  path: `pool/main/m/musl/musl_${C_LIBRARY_VERSION}.orig.tar.gz`,
  sha256: 'a9a118bbe84d8764da0ea0d28b3ab3fae8477fc7e4085d90102b8596fc7c75e4',
}

export function cLibrarySource(): Promise<string> {
  return sourceOf(MUSL)
}

/** The directory with `include` and `lib`, compiled once for each compiler, in .cache. */
export async function cLibrary(architecture: Architecture): Promise<string> {
  const { compiler, options } = ARCHITECTURES[architecture]
  const source = await cLibrarySource()
  const { stdout: version } = await execa(compiler, ['--version'])
  // The names of the compiler's tools begin as its own does.
  const prefix = compiler.replace(/gcc$/, '')
  const tools = [`CC=${compiler}`, `CROSS_COMPILE=${prefix}`, `CFLAGS=${options.join(' ')}`]
  const key = keyOf(basename(source), version, tools)
  const directory = join(ROOT, '.cache/engine', `musl-${architecture}-${key}`)
  await makeOnce(directory, async (made) => {
    const work = `${made}.objects`
    await mkdir(work)
    await execa(join(source, 'configure'), [...tools, '--disable-shared', `--prefix=${made}`], { cwd: work })
    const targets = ['install-headers', 'lib/libc.a', 'lib/crt1.o']
    await execa('make', [`-j${cpus().length}`, ...targets], { cwd: work })
    await cp(join(work, 'lib'), join(made, 'lib'), { recursive: true })
  })
  return directory
}
