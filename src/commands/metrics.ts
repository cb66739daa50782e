import { linkTarget, status, statusIfThere, statusOfEntry } from '#system/files'
import { encode } from '#system/text'
import { readNetworks } from '../cni/conflists'
import { CniError } from '../cni/error'
import { printLines } from '../cni/printable'
import { type Directory, inDirectory } from '../install/directory'
import { withIoFailures } from '../install/io-failure'
import { placeFile } from '../install/place-file'
import { BUILD_INFO } from '../metrics/build-info'
import { countCallLogs } from '../metrics/call-logs'
import { driftSamples } from '../metrics/drift'
import { renderMetrics, type Sample } from '../metrics/exposition'
import { kernelSamples, NOTHING_SEEN, networksOfOurs } from '../metrics/kernel'
import { NOTHING_TAKEN_OVER } from '../primary/take-over'
import { sync } from '../sync/sync'
import { basename, dirname, resolve } from '../system/paths'
import { errorText } from './error-text'
import { hasContainers } from './has-containers'
import { enterHostRoot } from './host-root'
import { namedAmong } from './named-directories'
import { requireRoot } from './root'
import type { MetricsOptions } from './rows/metrics'
import { SYNC } from './rows/sync'
import { defaultsOf } from './table/parse'
import type { World } from './world'

/** The samples, and things that could not be looked at, one line each. */
interface Look {
  readonly samples: readonly Sample[]
  readonly problems: readonly string[]
}

/** `ip-masq metrics` looks at the node once, for a collector that reads files or starts commands. */
export async function metricsCommand(options: MetricsOptions, world: World): Promise<number> {
  requireRoot('metrics')
  if (options.root !== undefined) enterHostRoot(options.root)
  const looks = [await lookAtKernel(options, world), await lookForDrift(options, world), lookAtLogs(options)]
  const text = renderMetrics([BUILD_INFO, ...looks.flatMap(({ samples }) => samples)])
  const { outFile } = options
  if (outFile === undefined) await world.write(text)
  else await withIoFailures(async () => writeWhole(outFile, text))
  const problems = looks.flatMap((look) => look.problems)
  await world.writeError(printLines(problems))
  return problems.length > 0 ? 1 : 0
}

async function lookAtKernel({ confDir }: MetricsOptions, world: World): Promise<Look> {
  try {
    const inspection = await world.backend().inspect()
    const networks = networksOfOurs(readNetworks(confDir))
    return { samples: kernelSamples(inspection, networks), problems: inspection.unseen }
  } catch (error) {
    return { samples: NOTHING_SEEN, problems: [errorText(error)] }
  }
}

/**
 * Finds out what a sync would do. If that fails, drift has no sample, which is not the same as 0. A node without pods
 * has no cache in the usual directory, and nothing is wrong there.
 */
async function lookForDrift({ confDir, cacheDirs }: MetricsOptions, world: World): Promise<Look> {
  try {
    const report = await sync(world.backend(), {
      ...{ confDir, cacheDirs, dryRun: true },
      pruneAfterSeconds: defaultsOf(SYNC).graceSeconds,
      takeOver: async () => NOTHING_TAKEN_OVER,
    })
    const { isUncertain, isCacheAbsent, isCacheMissing, warnings, errors } = report
    const isCacheExpected = namedAmong({ confDir, cacheDirs }).cacheDirs || hasContainers()
    const doubts = isUncertain || (isCacheAbsent && isCacheExpected) ? warnings : []
    // Without a cache nobody knows what is missing.
    const samples = isCacheMissing && isCacheExpected ? [] : driftSamples(report)
    return { samples, problems: [...doubts, ...errors] }
  } catch (error) {
    return { samples: [], problems: [errorText(error)] }
  }
}

/** Counts from the beginning of each log. The counter begins anew when the log is rotated. */
function lookAtLogs({ confDir }: MetricsOptions): Look {
  const logs = countCallLogs({ fromEnd: false })
  const problems = logs.look(readNetworks(confDir).networks.values())
  return { samples: logs.samples(), problems }
}

/**
 * Replaces the file, so a reader sees the old one or the new one as a whole. The directory may belong to another user,
 * such as node_exporter's. A link with the file's name is replaced and not followed.
 */
function writeWhole(file: string, text: string): void {
  const [path, name] = [resolve(file), basename(file)]
  inDirectory(dirname(path), (directory) => {
    requireFile(directory, name)
    const place = { directory, name, authors: [], openTo: undefined }
    // /proc/self belongs to our user and group (proc(5)).
    const owner = status('/proc/self')
    placeFile(place, { content: { bytes: encode(text) }, mode: 0o644, owner })
  })
}

/** Refuses anything but a regular file. A rename would replace /dev/null or /dev/stdout for the whole node. */
function requireFile({ path, at }: Directory, name: string): void {
  const file = `${path === '/' ? '' : path}/${name}`
  const entry = statusOfEntry(at(name))
  const isLink = entry?.kind === 'link'
  const kind = isLink && linkTarget(at(name)).startsWith('/proc/') ? 'other' : statusIfThere(at(name))?.kind
  if (kind === undefined || kind === 'file') return
  const why =
    kind === 'directory'
      ? 'it is a directory: write the name of a file in it'
      : 'it is not a regular file: write the name of a file, or leave --out away to print on stdout'
  throw new CniError('ioFailure', `Cannot replace ${file}: ${why}`)
}
