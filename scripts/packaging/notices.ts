import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { C_LIBRARY_VERSION, cLibrarySource } from './c-library'
import { ENGINE_VERSION, engineSource } from './engine'
import { ROOT } from './root'

export interface BundledPackage {
  readonly name: string
  readonly version: string
  readonly license: string
  /** Relative to the repository; two versions of one package may be bundled. */
  readonly directory: string
}

/** npm packages of which something is in the bundle, by the paths that esbuild names. */
export async function bundledPackages(inputs: readonly string[]): Promise<BundledPackage[]> {
  const directories = inputs.flatMap(
    (path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
  )
  return Promise.all(
    [...new Set(directories)].sort().map(async (directory) => {
      const { name, version, license } = JSON.parse(
        await readFile(join(ROOT, directory, 'package.json'), 'utf8'),
      )
      return { name, version, license, directory }
    }),
  )
}

/** Who wrote what is in the executable, and on which terms. */
export async function thirdPartyNotices(packages: readonly BundledPackage[]): Promise<string> {
  const runtime = await readFile(join(ROOT, 'scripts/packaging/runtime-notice.md'), 'utf8')
  const texts = {
    ENGINE_LICENCE: (await readFile(join(await engineSource(), 'LICENSE'), 'utf8')).trim(),
    LIBC_LICENCE: (await readFile(join(await cLibrarySource(), 'COPYRIGHT'), 'utf8')).trim(),
    ENGINE: ENGINE_VERSION,
    LIBC: C_LIBRARY_VERSION,
  }
  const parts = await Promise.all(packages.map(noticeOf))
  return [
    '# Third-party notices',
    'ip-masq is under the Apache License 2.0 (LICENSE). The executable also holds the following.',
    runtime.replaceAll(/\b[A-Z]+(_[A-Z]+)?\b/g, (name) => texts[name as keyof typeof texts] ?? name).trim(),
    ...parts,
    '',
  ].join('\n\n')
}

async function noticeOf({ name, version, license, directory }: BundledPackage): Promise<string> {
  const file = (await readdir(join(ROOT, directory))).find((entry) => /^licen[cs]e(\.|$)/i.test(entry))
  if (!file) throw new Error(`Cannot write the notices: ${directory} has no licence file`)
  const text = await readFile(join(ROOT, directory, file), 'utf8')
  return `## ${name} ${version}, ${license}\n\n${text.replaceAll('\r\n', '\n').trim()}`
}
