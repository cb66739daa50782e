import { statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { thisArchitecture } from '../scripts/packaging/architecture'
import { buildArtefacts } from '../scripts/packaging/artefacts'
import { imageOf } from '../scripts/packaging/image'
import { ociArchive } from '../scripts/packaging/oci'
import { atMost, type Row } from './report'

/** What a node stores, and what it downloads. */
export async function benchSize(): Promise<Row[]> {
  const work = await mkdtemp(join(tmpdir(), 'ip-masq-bench-size-'))
  try {
    const architecture = thisArchitecture()
    const { executables, notices } = await buildArtefacts(work, [architecture])
    const executable = executables.get(architecture) ?? ''
    const { archive } = await ociArchive([await imageOf(architecture, { executable, notices })])
    return [
      { what: 'the executable', n: 0, unit: 'MB', own: statSync(executable).size / 1e6, ...atMost(2.5) },
      { what: 'the image', n: 0, unit: 'MB', own: archive.length / 1e6, ...atMost(3) },
    ]
  } finally {
    await rm(work, { recursive: true })
  }
}
