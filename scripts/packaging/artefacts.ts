import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Architecture } from './architecture'
import { bundle } from './bundle'
import { compileNative } from './native'
import { type BundledPackage, bundledPackages, thirdPartyNotices } from './notices'

export interface Artefacts {
  readonly bundle: string
  readonly notices: string
  /** npm packages in the bundle. */
  readonly packages: readonly BundledPackage[]
  readonly executables: ReadonlyMap<Architecture, string>
}

/** What images and releases are made of, in a directory. */
export async function buildArtefacts(
  directory: string,
  architectures: readonly Architecture[],
): Promise<Artefacts> {
  await mkdir(directory, { recursive: true })
  const file = join(directory, 'ip-masq.js')
  const packages = await bundledPackages(await bundle(file))
  const executables = new Map<Architecture, string>()
  for (const architecture of architectures) {
    const output = join(directory, `ip-masq-linux-${architecture}`)
    await compileNative(architecture, output)
    executables.set(architecture, output)
  }
  return { bundle: file, notices: await thirdPartyNotices(packages), packages, executables }
}
