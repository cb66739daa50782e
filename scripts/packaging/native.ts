import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import { ARCHITECTURES, type Architecture, thisArchitecture } from './architecture'
import { ENGINE_VERSION, engineSource } from './engine'
import { lz4Block } from './lz4'
import { nativeScripts, PROGRAMS } from './native-scripts'
import { ROOT } from './root'

/** What our own C is compiled with besides; the engine's is not ours to warn about. */
const WARNINGS = ['-Wall', '-Wextra', '-Werror']
const COMMON = ['-std=gnu11', '-fwrapv', '-D_GNU_SOURCE', `-DCONFIG_VERSION="${ENGINE_VERSION}"`]

/** Where a sanitized executable writes what it finds, a file for each process. */
export const FINDINGS = join(ROOT, 'dist/sanitized/findings')

/**
 * `static`: what nodes run; it needs nothing of the machine but its kernel, and starts with few page faults. `sanitized`: the same for a
 * test, which stops at the first overflow, leak or undefined behaviour. The engine allocates with the C library's malloc there instead of
 * native/heap.c, and all memory is freed at the end instead of left to the kernel, so that the sanitizers see each block.
 */
const BUILDS = {
  static: {
    files: ['heap.c'],
    compile: ['-O3', '-fno-pie', '-fno-asynchronous-unwind-tables', '-ffunction-sections', '-fdata-sections'],
    link: ['-static', '-no-pie', '-s', '-Wl,--gc-sections', '-Wl,--build-id=none', '-Wl,-z,noseparate-code'],
  },
  sanitized: {
    files: ['sanitizers.c'],
    compile: [
      '-O1',
      '-g',
      '-fno-omit-frame-pointer',
      '-DSANITIZED',
      '-fsanitize=address,undefined,float-cast-overflow',
      '-fno-sanitize-recover=all',
    ],
    link: ['-fsanitize=address,undefined', '-static-libasan', '-static-libubsan'],
  },
} as const

export type NativeBuild = keyof typeof BUILDS

/** riscv64 has no instruction for an atomic change of one byte, which the engine's Atomics make; the others link nothing of it. */
const LIBRARIES = ['-lm', '-latomic']

const ENGINE_FILES = ['quickjs.c', 'libregexp.c', 'libunicode.c', 'cutils.c', 'dtoa.c']
const OWN_FILES = ['main.c', 'modules.c', 'libc.c', 'sha2.c', 'text.c']
const OWN = join(ROOT, 'native')

/**
 * The program as one native executable: our bytecode, the engine and our system calls. All files are compiled under names that
 * are always the same, so that the same sources give the same bytes.
 */
export async function compileNative(
  architecture: Architecture,
  output: string,
  kind: NativeBuild = 'static',
  entry = 'src/main.ts',
): Promise<void> {
  const work = await mkdtemp(join(dirname(output), '.native-'))
  if (kind === 'sanitized') await makeFindings()
  try {
    const compiler = ARCHITECTURES[architecture].compiler
    const engine = await engineLibrary(compiler, kind)
    await bytecode(join(work, 'bytecode'), entry)
    const flags = [
      ...COMMON,
      ...BUILDS[kind].compile,
      ...WARNINGS,
      '-isystem',
      await engineSource(),
      '-I',
      OWN,
      ...(kind === 'sanitized' ? [`-DFINDINGS="${FINDINGS}/finding"`] : []),
    ]
    const files = [...OWN_FILES, ...BUILDS[kind].files]
    const objects = join(work, 'objects')
    await mkdir(objects)
    for (const file of files)
      await execa(compiler, [...flags, '-c', file, '-o', join(objects, `${file}.o`)], { cwd: OWN })
    await execa(compiler, [...flags, '-c', 'chunks.c', '-o', join(objects, 'chunks.c.o')], {
      cwd: join(work, 'bytecode'),
    })
    const all = [...files, 'chunks.c'].map((file) => `${file}.o`)
    const whole = join(work, 'ip-masq')
    await execa(compiler, [...BUILDS[kind].link, '-o', whole, ...all, engine, ...LIBRARIES], { cwd: objects })
    // Renamed: a call of a test that runs meanwhile never sees half a file.
    await rename(whole, output)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Open to all, because tests call the executable as other users too. */
async function makeFindings(): Promise<void> {
  await mkdir(FINDINGS, { recursive: true })
  await chmod(FINDINGS, 0o1777)
}

/** The engine compiled once for each compiler, in .cache. */
async function engineLibrary(compiler: string, kind: NativeBuild): Promise<string> {
  const source = await engineSource()
  const { stdout: version } = await execa(compiler, ['--version'])
  const flags = [...COMMON, ...BUILDS[kind].compile, '-w']
  const key = createHash('sha256')
    .update(JSON.stringify([basename(source), version, flags]))
    .digest('hex')
    .slice(0, 16)
  const library = join(ROOT, '.cache/engine', `${compiler}-${kind}-${key}.a`)
  if (existsSync(library)) return library
  const work = await mkdtemp(`${library}.`)
  try {
    const compile = (file: string) =>
      execa(compiler, [...flags, '-c', file, '-o', join(work, `${file}.o`)], { cwd: source })
    await Promise.all(ENGINE_FILES.map(compile))
    const objects = ENGINE_FILES.map((file) => `${file}.o`)
    await execa('ar', ['rcsD', 'engine.a', ...objects], { cwd: work })
    await rename(join(work, 'engine.a'), library)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return library
}

/** The program that makes bytecode, for this machine. Bytecode is the same for all that we build for. */
async function bytecodeCompiler(): Promise<string> {
  const compiler = ARCHITECTURES[thisArchitecture()].compiler
  const engine = await engineLibrary(compiler, 'static')
  const text = await readFile(join(OWN, 'compile.c'), 'utf8')
  const key = createHash('sha256')
    .update(JSON.stringify([basename(engine), text]))
    .digest('hex')
    .slice(0, 16)
  const program = join(ROOT, '.cache/engine', `compile-${key}`)
  if (existsSync(program)) return program
  const work = await mkdtemp(`${program}.`)
  try {
    const made = join(work, 'compile')
    const flags = [...COMMON, '-O2', '-no-pie', ...WARNINGS, '-isystem', await engineSource()]
    await execa(compiler, [...flags, 'compile.c', engine, '-lm', '-o', made], { cwd: OWN })
    await rename(made, program)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return program
}

/** Names the program that answers a call; see native/compile.c. */
const START = 'start.js'

/** Each module of the bundle as a file of bytecode, and chunks.c, which has them all. */
async function bytecode(directory: string, entry: string): Promise<void> {
  const scripts = join(directory, 'scripts')
  await mkdir(scripts, { recursive: true })
  await nativeScripts(scripts, entry)
  await copyFile(join(OWN, START), join(scripts, START))
  const names = (await readdir(scripts)).sort()
  const modules = names.filter((name) => name !== START && !PROGRAMS.includes(name))
  await execa(await bytecodeCompiler(), ['scripts', '.', START, ...PROGRAMS, '--', ...modules], {
    cwd: directory,
  })
  await copyFile(join(OWN, 'chunks.h'), join(directory, 'chunks.h'))
  const sizes = await Promise.all(names.map((name) => pack(join(directory, name), modules.includes(name))))
  await writeFile(join(directory, 'chunks.c'), chunksSource(names, sizes))
}

/** A smaller module is worth less than the instructions that a call needs to expand it. */
const SMALLEST_BLOCK = 4096

/**
 * Every call reads a program, in its place; modules are read by few calls, and take less room as a block of LZ4. Returns the
 * module's size before, or 0 where it stays as it is.
 */
async function pack(file: string, isSeldom: boolean): Promise<number> {
  const bytes = await readFile(file)
  if (!isSeldom || bytes.length < SMALLEST_BLOCK) return 0
  await writeFile(file, lz4Block(bytes))
  return bytes.length
}

function chunksSource(names: readonly string[], sizes: readonly number[]): string {
  const data = names.map((name, i) =>
    [
      `__asm__(".section .rodata\\n.balign 16\\nchunk_${i}:\\n.incbin \\"${name}\\"\\nchunk_${i}_end:\\n.byte 0\\n.previous");`,
      `extern const uint8_t chunk_${i}[], chunk_${i}_end[];`,
    ].join('\n'),
  )
  const rows = names.map((name, i) => `  {"${name}", chunk_${i}, chunk_${i}_end, ${sizes[i]}},`)
  return [
    '#include "chunks.h"',
    ...data,
    'const Chunk CHUNKS[] = {',
    ...rows,
    '  {0, 0, 0, 0},',
    '};',
    '',
  ].join('\n')
}
