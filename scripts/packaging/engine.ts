import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { fromDebianPool } from './debian-pool'
import { ROOT } from './root'

/** QuickJS as its authors published it; Debian 13 has it in its source package `quickjs`. */
export const ENGINE_VERSION = '2025-04-26'
const TARBALL = 'quickjs_2025.04.26.orig.tar.xz'
const SHA256 = 'ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe'

/**
 * The directory of the engine's source: from the pool of this machine's own Debian mirror, checked against its hash before
 * it is unpacked in .cache. The directory's name has the hash, so another pin never meets what an older one left.
 */
export async function engineSource(): Promise<string> {
  const directory = join(ROOT, '.cache/engine', `quickjs-${ENGINE_VERSION}-${SHA256.slice(0, 16)}`)
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
    await rm(directory, { recursive: true, force: true })
    await rename(files, directory)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return directory
}
