import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from './root'

/** npm packages of which something is in the bundle, by the paths that esbuild names. */
export function bundledPackages(inputs: readonly string[]): string[] {
  const names = inputs.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [])
  return [...new Set(names)].sort()
}

/** Who wrote what is in the executable, and on which terms. */
export async function thirdPartyNotices(packages: readonly string[]): Promise<string> {
  const runtime = await readFile(join(ROOT, 'scripts/packaging/runtime-notice.md'), 'utf8')
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'))
  const { version } = lock.packages['node_modules/@oven/bun-linux-x64']
  const parts = await Promise.all(packages.map(noticeOf))
  return [
    '# Third-party notices',
    'ip-masq is under the Apache License 2.0 (LICENSE). The executable also holds the following.',
    runtime.replace('VERSION', version).trim(),
    ...parts,
    '',
  ].join('\n\n')
}

async function noticeOf(name: string): Promise<string> {
  const directory = join(ROOT, 'node_modules', name)
  const { version, license } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))
  const file = (await readdir(directory)).find((entry) => /^licen[cs]e(\.|$)/i.test(entry))
  if (!file) throw new Error(`Cannot write the notices: ${name} has no licence file`)
  const text = await readFile(join(directory, file), 'utf8')
  return `## ${name} ${version}, ${license}\n\n${text.replaceAll('\r\n', '\n').trim()}`
}
