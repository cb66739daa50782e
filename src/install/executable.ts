import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { CniError } from '../cni/error'
import { isInPlace, type Placement, placeFile } from './place-file'

/** A copy of the executable that runs now, under the name that conflists use; a line if something was done. */
export async function installExecutable(source: string, binDir: string): Promise<string[]> {
  const path = join(binDir, 'ip-masq')
  if (!existsSync(binDir))
    throw new CniError('ioFailure', `Cannot install: there is no ${binDir}; use --bin-dir or --profile`)
  const placement: Placement = { content: { copyOf: source }, mode: 0o755, check: answersVersion }
  if (isInPlace(path, placement)) {
    await answersVersion(path)
    return []
  }
  await placeFile(path, placement)
  return [`installed ${path}`]
}

/** It runs here: right architecture and libc, no noexec mount. */
async function answersVersion(file: string): Promise<void> {
  const { stdout, stderr, failed } = await execa(file, [], {
    env: { CNI_COMMAND: 'VERSION' },
    extendEnv: false,
    input: '{"cniVersion":"1.0.0"}',
    reject: false,
    timeout: 20_000,
  })
  if (!failed && stdout.includes('supportedVersions')) return
  throw new CniError('ioFailure', `Cannot install: ${file} does not run here`, `${stdout}${stderr}`.trim())
}
