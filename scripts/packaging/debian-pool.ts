import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { type Architecture, thisArchitecture } from './architecture'
import { ROOT } from './root'

/**
 * A file of Debian's pool, from the first of this machine's own repositories that has it. The pool has the files of all
 * of Debian's releases, so the file may be of one that this machine does not run. apt removes what has another hash.
 * Nothing is installed, and apt's sources stay as they are.
 */
export async function fromDebianPool(
  path: string,
  { file, sha256 }: { file: string; sha256: string },
): Promise<void> {
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages']
  const { stdout } = await execa('apt-get', ['indextargets', ...format])
  const reasons: string[] = []
  for (const repository of new Set(stdout.split('\n').filter((line) => line !== ''))) {
    const source = `${repository}${repository.endsWith('/') ? '' : '/'}${path}`
    const options = ['-o', 'APT::Sandbox::User=root']
    const { exitCode, stderr } = await execa(
      '/usr/lib/apt/apt-helper',
      [...options, 'download-file', source, file, `SHA256:${sha256}`],
      { reject: false },
    )
    if (exitCode === 0) return
    reasons.push(stderr)
  }
  throw new Error(`Cannot get ${path} from this machine's apt sources:\n${reasons.join('\n')}`)
}

/** A package of Debian's pool; its hashes are for the machines that tests and the benchmark run on. */
export interface DebianPackage {
  /** `pool/main/s/shadow/libsubid4_4.13+dfsg1-1+deb12u2`, without the architecture. */
  readonly path: string
  readonly sha256: Readonly<Partial<Record<Architecture, string>>>
}

/**
 * The directory in .cache with what these packages contain. Each comes from the pool of this machine's own Debian mirror and is checked
 * against its hash before it is unpacked; nothing is installed. `name` is for the directory, and has to change with the packages.
 */
export async function debianFiles(name: string, packages: readonly DebianPackage[]): Promise<string> {
  const architecture = thisArchitecture()
  const directory = join(ROOT, '.cache', `${name}-${architecture}`)
  if (existsSync(directory)) return directory
  await mkdir(dirname(directory), { recursive: true })
  // Unpacked next to its place and renamed: what is there is whole.
  const work = await mkdtemp(`${directory}.`)
  try {
    for (const { path, sha256 } of packages) {
      const hash = sha256[architecture]
      if (hash === undefined)
        throw new Error(`Cannot get ${path} for ${architecture}: write the hash of Debian's package`)
      const file = join(work, 'package.deb')
      await fromDebianPool(`${path}_${architecture}.deb`, { file, sha256: hash })
      await execa('dpkg-deb', ['--extract', file, join(work, 'files')])
      await rm(file)
    }
    await rename(join(work, 'files'), directory)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return directory
}
