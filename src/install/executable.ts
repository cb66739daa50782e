import { CniError } from '../cni/error'
import { errorCode } from '../system/errors'
import { atPlace, inDirectory } from './directory'
import { isInPlace, type Placement, placeFile, ROOT } from './place-file'
import { EXECUTABLE, record, recordIfPossible } from './record'
import { runProgram } from './run-program'

interface PlacedExecutable {
  readonly done: readonly string[]
  readonly advice: readonly string[]
}

/**
 * Installs a copy of the running executable under the name that conflists use. It always belongs to root, whoever owned
 * an older file, because root runs it.
 */
export function installExecutable(source: string, binDir: string): PlacedExecutable {
  const path = `${binDir}/${EXECUTABLE}`
  const placement: Placement = {
    content: { copyOf: source },
    mode: 0o755,
    owner: ROOT,
    check: (file) => requireAnswer(file, path),
  }
  return withBinDir(binDir, (directory, openTo) => {
    const advice = openTo === undefined ? [] : [adviceFor(binDir, openTo)]
    // A link of root's to the right file may stay.
    const isThere = atPlace(path, (place) => isInPlace(place, placement))
    if (isThere) {
      recordIfPossible(directory, source)
      return { done: [], advice }
    }
    placeFile({ directory, name: EXECUTABLE, authors: [], openTo }, placement)
    record(directory, source)
    return { done: [`installed ${path}`], advice }
  })
}

/**
 * Advice about a directory that others may write to. It is no refusal: whoever may write there can exchange the primary
 * plugin as well, which root runs too. This is common: an archive of CNI plugins that was unpacked as root leaves the
 * directory to the user who packed it.
 */
function adviceFor(binDir: string, openTo: string): string {
  return `users other than root can replace the executables in ${binDir}, which root runs: run chown root:root and chmod go-w on ${openTo}`
}

function withBinDir<T>(binDir: string, work: Parameters<typeof inDirectory<T>>[1]): T {
  let isOpen = false
  try {
    return inDirectory(binDir, (...directory) => {
      isOpen = true
      return work(...directory)
    })
  } catch (error) {
    if (!isOpen && errorCode(error) === 'ENOENT')
      throw new CniError('ioFailure', `Cannot install: there is no ${binDir}; use --bin-dir or --profile`)
    throw error
  }
}

/** Throws unless the file runs here: the architecture is right, and the file system is not mounted noexec. */
function requireAnswer(file: string, path: string): void {
  const { succeeded, stdout, said } = runProgram(file, {
    environment: { CNI_COMMAND: 'VERSION' },
    input: '{"cniVersion":"1.0.0"}',
    milliseconds: 20_000,
  })
  if (succeeded && stdout.includes('supportedVersions')) return
  throw new CniError('ioFailure', `Cannot install: ${path} does not run on this node`, said)
}
