import { createDoctorSite } from '../test/lab/doctor-site'
import { EXECUTABLES } from '../test/lab/plugin'
import { timeProcess } from './calls'
import { createSamples, type Row } from './report'

/** Processor time that it may take, of the look at the rules that is most of it. */
const RATIO = 2

/** `ip-masq doctor` on a quiet node, next to a sync that looks for stale rules too and finds nothing to do. */
export async function benchDoctor(rounds: number): Promise<Row[]> {
  const rows: Row[] = []
  for (const pods of [1, 300]) rows.push(...(await benchBesidePods(pods, rounds)))
  return rows
}

async function benchBesidePods(n: number, rounds: number): Promise<Row[]> {
  const site = await createDoctorSite('doctor')
  const { node, network, binDir } = site
  for (let i = 1; i < n; i++) {
    const addresses = [`10.245.${i >> 8}.${i & 255}/16`, `fd01::${i}/64`]
    await network.cache(`pod-${i}`, addresses, { netns: node.path })
  }
  await network.command('sync')
  const samples = createSamples()
  const time = (name: string, ...args: readonly string[]) => {
    const directories = ['--conf-dir', network.confDir, '--cache-dir', network.cacheDir]
    const figures = timeProcess(node.path, [EXECUTABLES.native, ...args, ...directories])
    samples.add(name, figures.processor)
    samples.add(`${name}: whole`, figures.milliseconds)
  }
  for (let round = 0; round < rounds; round++) {
    time('doctor', 'doctor', '--bin-dir', binDir)
    time('sync', 'sync', '--prune', '--dry-run')
  }
  await site.delete()
  const of = samples.median
  const row = { n, unit: 'ms' } as const
  const against = 'sync --prune --dry-run'
  return [
    { ...row, what: 'doctor', own: of('doctor: whole'), against: 'a second', other: 1000, limit: 1 },
    {
      ...{ ...row, what: 'doctor: processor', own: of('doctor'), against, other: of('sync') },
      // Beside one pod all else is more.
      ...(n > 1 && { limit: RATIO }),
    },
  ]
}
