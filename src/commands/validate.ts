import { CniError } from '../cni/error'
import { printLines } from '../cni/printable'
import { isDirectory } from '../system/absent'
import type { Finding } from '../validate/finding'
import { countOf, renderVerdict, verdictJson } from '../validate/render'
import { validate } from '../validate/validate'
import { errorText } from './error-text'
import { enterHostRoot } from './host-root'
import type { ValidateOptions } from './rows/validate'
import type { World } from './world'

/** `ip-masq validate [FILE|DIR]...` reads files, and nothing else on the machine. */
export async function validateCommand(
  options: ValidateOptions,
  world: Pick<World, 'write' | 'writeError'>,
): Promise<number> {
  const { paths, confDir, filesRoot, format, json, root } = options
  try {
    if (root !== undefined) enterHostRoot(root)
    if (filesRoot !== undefined && !isDirectory(filesRoot))
      throw new CniError('ioFailure', `Cannot use --files-root ${filesRoot}: there is no such directory`)
  } catch (error) {
    await world.writeError(printLines([errorText(error)]))
    return 2
  }
  const verdict = await validate(paths.length > 0 ? paths : [confDir], {
    readsNamedFiles: !options.offline || filesRoot !== undefined,
    filesRoot: filesRoot?.replace(/\/+$/, '') ?? '',
  })
  const status = statusOf(verdict.findings, options)
  const lines = json ? [JSON.stringify(verdictJson(verdict, status))] : renderVerdict(verdict, format)
  await world.write(printLines(lines))
  return status
}

function statusOf(findings: readonly Finding[], { strict }: Pick<ValidateOptions, 'strict'>): number {
  if (findings.some(({ rule }) => rule === 'unreadable')) return 2
  return countOf(findings, 'error') > 0 || (strict && countOf(findings, 'warning') > 0) ? 1 : 0
}
