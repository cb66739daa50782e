import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Architecture } from './architecture'
import { bytecode } from './bytecode'
import { FINDINGS, type NativeBuild, nativeTools } from './native-tools'
import { ROOT } from './root'
import { linkWithSnapshot, SNAPSHOT_SOURCE } from './snapshot'

const OWN_FILES = ['main.c', 'modules.c', 'libc.c', 'sha2.c', 'text.c']

const MORE_FILES = { static: ['heap.c', 'snapshot.c', 'copy.c'], sanitized: ['sanitizers.c'] }

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
  try {
    const tools = await nativeTools(architecture, kind)
    await bytecode(work, entry, kind)
    const files = [...OWN_FILES, ...MORE_FILES[kind]]
    const objects = files.map((file) => join(work, `${file}.o`))
    for (const file of files) await tools.compile(file, join(work, `${file}.o`), join(ROOT, 'native'))
    await tools.compile('chunks.c', 'chunks.o', work)
    const whole = join(work, 'ip-masq')
    const link = async (more: readonly string[]) => tools.link([...objects, 'chunks.o', ...more], whole, work)
    if (kind === 'sanitized') {
      await makeFindings()
      await link([])
    } else {
      await writeFile(join(work, 'room.c'), SNAPSHOT_SOURCE)
      await linkWithSnapshot(architecture, work, async () => {
        await tools.compile('room.c', 'room.o', work)
        await link(['room.o', '-Wl,--wrap=gettimeofday'])
        return whole
      })
    }
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
