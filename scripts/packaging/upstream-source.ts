import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { fromDebianPool } from './debian-pool'
import { ROOT } from './root'

interface Correction {
  readonly file: string
  readonly wrong: string
  readonly right: string
}

/** Sources as their authors published them, which Debian has in a source package. */
export interface Upstream {
  /** `quickjs-2025-04-26`: for the directory. */
  readonly name: string
  /** In Debian's pool: `pool/main/q/quickjs/quickjs_2025.04.26.orig.tar.xz`. */
  readonly path: string
  readonly sha256: string
  /** Mistakes of this version that change what our program does, or costs. */
  readonly corrections?: readonly Correction[]
}

/** A hash of all that something is made of, for its name in .cache. */
export function keyOf(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}

/**
 * The directory of the source: from the pool of this machine's own Debian mirror, checked against its hash before it is unpacked in
 * .cache. The directory's name has a hash of the pin and the corrections, so others never meet what older ones left.
 */
export async function sourceOf({ name, path, sha256, corrections = [] }: Upstream): Promise<string> {
  const directory = join(ROOT, '.cache/engine', `${name}-${keyOf(sha256, corrections)}`)
  await makeOnce(directory, async (work) => {
    const file = `${work}.tar`
    try {
      await fromDebianPool(path, { file, sha256 })
      await mkdir(work)
      await execa('tar', ['-xf', file, '--strip-components=1', '-C', work])
    } finally {
      await rm(file, { force: true })
    }
    for (const correction of corrections) await correct(work, correction)
  })
  return directory
}

/** Makes a file or a directory of .cache, unless it is there. It is made next to its place and renamed, so that it is there as a whole. */
export async function makeOnce(path: string, make: (work: string) => Promise<void>): Promise<void> {
  if (existsSync(path)) return
  await mkdir(dirname(path), { recursive: true })
  const work = await mkdtemp(`${path}.`)
  try {
    const made = join(work, 'made')
    await make(made)
    // A directory that somebody else has made meanwhile stays: it is in use.
    await rename(made, path).catch((error) => {
      if (!existsSync(path)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function correct(directory: string, { file, wrong, right }: Correction): Promise<void> {
  const path = join(directory, file)
  const parts = (await readFile(path, 'utf8')).split(wrong)
  if (parts.length !== 2)
    throw new Error(`Cannot correct ${file}: it has "${wrong}" ${parts.length - 1} times`)
  await writeFile(path, parts.join(right))
}
