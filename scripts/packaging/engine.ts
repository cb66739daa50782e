import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { fromDebianPool } from './debian-pool'
import { ROOT } from './root'

/** QuickJS as its authors published it; Debian 13 has it in its source package `quickjs`. */
export const ENGINE_VERSION = '2025-04-26'
const TARBALL = 'quickjs_2025.04.26.orig.tar.xz'
const SHA256 = 'ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe'

interface Correction {
  readonly file: string
  readonly wrong: string
  readonly right: string
}

/** Mistakes of this version that change what our program does, or costs. */
const CORRECTIONS: readonly Correction[] = [
  {
    // A BigInt with the upper bit of a limb set, such as fe80::, has an empty limb above it. How many leading zeros that has
    // is undefined to the C compiler, and `toString(16)` began with a 0.
    file: 'quickjs.c',
    wrong: 'n_bits = r->len * JS_LIMB_BITS - js_limb_clz(r->tab[r->len - 1]);',
    right:
      'n_bits = r->len * JS_LIMB_BITS - (r->tab[r->len - 1] ? js_limb_clz(r->tab[r->len - 1]) : JS_LIMB_BITS);',
  },
  {
    // Bytecode can be used where it is, if its names are the first that come after the engine's own. They never were: this one
    // is used by each context, but was missing among the engine's own.
    file: 'quickjs-atom.h',
    wrong: 'DEF(InternalError, "InternalError")',
    right: 'DEF(InternalError, "InternalError") DEF(AggregateError, "AggregateError")',
  },
]

/**
 * The directory of the engine's source: from the pool of this machine's own Debian mirror, checked against its hash before
 * it is unpacked in .cache. The directory's name has a hash of the pin and the
 * corrections, so others never meet what older ones left.
 */
export async function engineSource(): Promise<string> {
  const key = createHash('sha256')
    .update(JSON.stringify([SHA256, CORRECTIONS]))
    .digest('hex')
    .slice(0, 16)
  const directory = join(ROOT, '.cache/engine', `quickjs-${ENGINE_VERSION}-${key}`)
  if (existsSync(directory)) return directory
  await mkdir(dirname(directory), { recursive: true })
  // Unpacked next to its place and renamed: what is there is whole.
  const work = await mkdtemp(`${directory}.`)
  try {
    const file = join(work, TARBALL)
    await fromDebianPool(`pool/main/q/quickjs/${TARBALL}`, { file, sha256: SHA256 })
    const files = join(work, 'files')
    await mkdir(files)
    await execa('tar', ['-xJf', file, '--strip-components=1', '-C', files])
    for (const correction of CORRECTIONS) await correct(files, correction)
    await rm(directory, { recursive: true, force: true })
    await rename(files, directory)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return directory
}

async function correct(directory: string, { file, wrong, right }: Correction): Promise<void> {
  const path = join(directory, file)
  const parts = (await readFile(path, 'utf8')).split(wrong)
  if (parts.length !== 2)
    throw new Error(`Cannot correct ${file}: it has "${wrong}" ${parts.length - 1} times`)
  await writeFile(path, parts.join(right))
}
