import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { type Architecture, thisArchitecture } from './architecture'
import { fromDebianPool } from './debian-pool'
import { ROOT } from './root'

/** Debian's package of the reference plugins, of a release that this machine need not run. */
const VERSION = '1.9.1+ds1-1'
/** For the machines that tests and the benchmark run on. */
const SHA256: Readonly<Partial<Record<Architecture, string>>> = {
  amd64: '12857dd3136d61e00bffcc2c8823d14df586e94406098326e02846cfa46a058e',
  arm64: 'f3da010c16eb52e1fe2cbb35ba3c724f2bd2c647b57ffe215d8fad4336d08a53',
}

/**
 * The directory of bridge, ptp, host-local and the others in version 1.9, the first here whose bridge can masquerade by nftables.
 * The package comes from the pool of this machine's own Debian mirror and is checked against its hash before it is
 * unpacked in .cache; nothing is installed, and apt's sources stay as they are.
 */
export async function referencePlugins(): Promise<string> {
  const architecture = thisArchitecture()
  const sha256 = SHA256[architecture]
  if (sha256 === undefined)
    throw new Error(
      `Cannot get the reference plugins for ${architecture}: write the hash of Debian's package`,
    )
  const directory = join(ROOT, '.cache/reference-plugins', `${VERSION}-${architecture}`)
  const plugins = join(directory, 'usr/lib/cni')
  if (existsSync(plugins)) return plugins
  await mkdir(dirname(directory), { recursive: true })
  // Unpacked next to its place and renamed: what is there is whole.
  const work = await mkdtemp(`${directory}.`)
  try {
    const file = join(work, 'package.deb')
    await fromDebianPool(
      `pool/main/g/golang-github-containernetworking-plugins/containernetworking-plugins_${VERSION}_${architecture}.deb`,
      { file, sha256 },
    )
    await execa('dpkg-deb', ['--extract', file, join(work, 'files')])
    await rm(directory, { recursive: true, force: true })
    await rename(join(work, 'files'), directory)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return plugins
}
