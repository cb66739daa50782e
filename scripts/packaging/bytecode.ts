import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { thisArchitecture } from './architecture'
import { nativeScripts } from './native-scripts'
import { type NativeBuild, nativeTools } from './native-tools'
import { ROOT } from './root'
import { keyOf, makeOnce } from './upstream-source'

/** The bytecode of all that a call needs, as native/compile.c writes it. */
export const PROGRAM = 'program'

/**
 * Writes the program as a file of bytecode, and chunks.c with the other modules. In the sanitized build, which has no snapshot, chunks.c
 * has the program as well, as the first one.
 */
export async function bytecode(work: string, entry: string, kind: NativeBuild): Promise<void> {
  const scripts = join(work, 'scripts')
  await mkdir(scripts)
  const program = await nativeScripts(scripts, entry)
  const modules = (await readdir(scripts)).filter((name) => !program.includes(name)).sort()
  await execa(await bytecodeCompiler(), ['scripts', '.', PROGRAM, ...program, '--', ...modules], {
    cwd: work,
  })
  await writeFile(
    join(work, 'chunks.c'),
    chunksSource([...(kind === 'sanitized' ? [PROGRAM] : []), ...modules]),
  )
}

/** The program that makes bytecode, for this machine. Bytecode is the same for all that we build for. */
async function bytecodeCompiler(): Promise<string> {
  const own = join(ROOT, 'native')
  const tools = await nativeTools(thisArchitecture(), 'static')
  const key = keyOf(basename(tools.engine), await readFile(join(own, 'compile.c'), 'utf8'))
  const program = join(ROOT, '.cache/engine', `compile-${key}`)
  await makeOnce(program, async (made) => {
    await tools.compile('compile.c', `${made}.o`, own)
    await tools.link([`${made}.o`], made, own)
  })
  return program
}

function chunksSource(names: readonly string[]): string {
  const data = names.map((name, i) =>
    [
      `__asm__(".section .rodata\\n.balign 16\\nchunk_${i}:\\n.incbin \\"${name}\\"\\nchunk_${i}_end:\\n.byte 0\\n.previous");`,
      `extern const uint8_t chunk_${i}[], chunk_${i}_end[];`,
    ].join('\n'),
  )
  const rows = names.map((name, i) => `  {"${name}", chunk_${i}, chunk_${i}_end},`)
  return ['#include "chunks.h"', ...data, 'const Chunk CHUNKS[] = {', ...rows, '  {0, 0, 0},', '};', ''].join(
    '\n',
  )
}
