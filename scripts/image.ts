// scripts/image [amd64] [arm64] [riscv64]: dist/ip-masq-VERSION-linux-ARCH.oci.tar; without one named, for all, and one archive of them together.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { version } from '../package.json'
import { ALL, type Architecture, isArchitecture } from './packaging/architecture'
import { buildArtefacts } from './packaging/artefacts'
import { imageOf, REFERENCE } from './packaging/image'
import { type Image, ociArchive } from './packaging/oci'

const names = process.argv.slice(2)
const unknown = names.find((name) => !isArchitecture(name))
if (unknown !== undefined) {
  process.stderr.write(`Cannot build an image for "${unknown}": write ${ALL.join(' or ')}\n`)
  process.exit(2)
}
const architectures = names.length > 0 ? (names as Architecture[]) : ALL

const say = (line: string) => process.stdout.write(`${line}\n`)
const work = await mkdtemp(join(tmpdir(), 'ip-masq-'))
const write = async (name: string, images: readonly Image[]) => {
  const { archive, digest } = await ociArchive(images)
  await writeFile(`dist/${name}.oci.tar`, archive)
  say(`dist/${name}.oci.tar: ${REFERENCE}, ${(archive.length / 1e6).toFixed(1)} MB, ${digest}`)
}
try {
  const { executables, notices } = await buildArtefacts(work, architectures)
  const images: Image[] = []
  for (const [architecture, executable] of executables) {
    images.push(await imageOf(architecture, { executable, notices }))
    await write(`ip-masq-${version}-linux-${architecture}`, images.slice(-1))
  }
  if (images.length > 1) await write(`ip-masq-${version}`, images)
} finally {
  await rm(work, { recursive: true })
}
say('On a node: ctr -n k8s.io images import FILE')
