// scripts/image [amd64] [arm64]: dist/ip-masq-VERSION-linux-ARCH.oci.tar; without one named, for all.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { version } from '../package.json'
import { ALL, type Architecture, isArchitecture } from './packaging/architecture'
import { buildArtefacts } from './packaging/artefacts'
import { debianLibc } from './packaging/debian-libc'
import { buildImage, REFERENCE } from './packaging/image'

const names = process.argv.slice(2)
const unknown = names.find((name) => !isArchitecture(name))
if (unknown !== undefined) {
  console.error(`Cannot build an image for "${unknown}": write ${ALL.join(' or ')}`)
  process.exit(2)
}
const architectures = names.length > 0 ? (names as Architecture[]) : ALL

const work = await mkdtemp(join(tmpdir(), 'ip-masq-'))
try {
  const { executables, notices } = await buildArtefacts(work, architectures)
  for (const [architecture, executable] of executables) {
    const { archive, digest } = await buildImage(architecture, {
      executable,
      notices,
      libc: await debianLibc(architecture),
    })
    const file = `dist/ip-masq-${version}-linux-${architecture}.oci.tar`
    await writeFile(file, archive)
    console.log(`${file}: ${REFERENCE}, ${Math.round(archive.length / 1e6)} MB, ${digest}`)
  }
} finally {
  await rm(work, { recursive: true })
}
console.log('On a node: ctr -n k8s.io images import FILE')
