import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import { ARCHITECTURES, type Architecture } from './architecture'
import { cLibrary } from './c-library'
import { ENGINE_FILES, ENGINE_VERSION, engineSource } from './engine'
import { ROOT } from './root'
import { keyOf, makeOnce } from './upstream-source'

/** Where a sanitized executable writes what it finds, a file for each process. */
export const FINDINGS = join(ROOT, 'dist/sanitized/findings')

/** What our own C is compiled with besides; the engine's is not ours to warn about. */
const WARNINGS = ['-Wall', '-Wextra', '-Werror']
const COMMON = ['-std=gnu11', '-fwrapv', '-D_GNU_SOURCE', `-DCONFIG_VERSION="${ENGINE_VERSION}"`]

/**
 * `static`: what nodes run; it needs nothing of the machine but its kernel, and starts with few page faults. Its addresses are the same
 * in each process, because those in its snapshot are. `sanitized`: the same for a test, which stops at the first overflow, leak or
 * undefined behaviour. The engine allocates with the C library's malloc there instead of native/heap.c, and all memory is freed at the
 * end instead of left to the kernel, so that the sanitizers see each block.
 */
const BUILDS = {
  static: {
    compile: ['-O3', '-fno-pie', '-fno-asynchronous-unwind-tables', '-ffunction-sections', '-fdata-sections'],
    link: ['-static', '-no-pie', '-s', '-Wl,--gc-sections', '-Wl,--build-id=none', '-Wl,-z,noseparate-code'],
  },
  sanitized: {
    compile: [
      ...['-O1', '-g', '-fno-omit-frame-pointer', '-DSANITIZED'],
      ...['-fsanitize=address,undefined,float-cast-overflow', '-fno-sanitize-recover=all'],
    ],
    link: ['-fsanitize=address,undefined', '-static-libasan', '-static-libubsan'],
  },
} as const

export type NativeBuild = keyof typeof BUILDS

/** riscv64 has no instruction for an atomic change of one byte, which the engine's Atomics make; the others link nothing of it. */
const LIBRARIES = ['-latomic', '-lgcc']

export interface NativeTools {
  /** The engine as a library; its name has a hash of what it is made of. */
  readonly engine: string
  /** Compiles one of our own files; paths are relative to `cwd`, so that the same sources give the same bytes. */
  compile(file: string, object: string, cwd: string): Promise<unknown>
  /** Links objects with the engine and the C library; options may be among them. */
  link(objects: readonly string[], output: string, cwd: string): Promise<unknown>
}

export async function nativeTools(architecture: Architecture, kind: NativeBuild): Promise<NativeTools> {
  const { compiler, options } = ARCHITECTURES[architecture]
  const run = (words: readonly string[], cwd: string) => execa(compiler, words, { cwd })
  const c = kind === 'static' ? await staticC(architecture) : { headers: [], start: [], library: ['-lm'] }
  const flags = [...COMMON, ...options, ...BUILDS[kind].compile]
  const engine = await engineLibrary(compiler, kind, flags, c.headers)
  const findings = `-DFINDINGS="${FINDINGS}/finding"`
  const includes = [...c.headers, '-isystem', await engineSource(), '-I', join(ROOT, 'native')]
  const own = [...flags, ...WARNINGS, findings, ...includes]
  return {
    engine,
    compile: (file, object, cwd) => run([...own, '-c', file, '-o', object], cwd),
    link: (objects, output, cwd) =>
      run(
        [...BUILDS[kind].link, '-o', output, ...c.start, ...objects, engine, ...c.library, ...LIBRARIES],
        cwd,
      ),
  }
}

/** Nothing of the compiler's own C library, but what belongs to the compiler itself. */
async function staticC(architecture: Architecture) {
  const { compiler } = ARCHITECTURES[architecture]
  const library = await cLibrary(architecture)
  const { stdout: include } = await execa(compiler, ['-print-file-name=include'])
  return {
    headers: ['-nostdinc', '-isystem', join(library, 'include'), '-isystem', include],
    start: ['-nostdlib', join(library, 'lib/crt1.o')],
    library: [join(library, 'lib/libc.a')],
  }
}

/** The engine compiled once for each compiler, in .cache. */
async function engineLibrary(
  compiler: string,
  kind: NativeBuild,
  flags: readonly string[],
  headers: readonly string[],
): Promise<string> {
  const source = await engineSource()
  const { stdout: version } = await execa(compiler, ['--version'])
  // Without the directories, which change where the repository is: what is in .cache serves a copy of it as well.
  const key = keyOf(
    basename(source),
    ENGINE_FILES,
    version,
    flags,
    headers.map((path) => basename(dirname(path))),
  )
  const library = join(ROOT, '.cache/engine', `${compiler}-${kind}-${key}.a`)
  await makeOnce(library, async (made) => {
    const objectOf = (file: string) => `${made}-${file}.o`
    await Promise.all(
      ENGINE_FILES.map((file) =>
        execa(compiler, [...flags, ...headers, '-w', '-c', file, '-o', objectOf(file)], { cwd: source }),
      ),
    )
    await execa('ar', ['rcsD', made, ...ENGINE_FILES.map(objectOf)])
  })
  return library
}
