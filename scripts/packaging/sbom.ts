import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { execa } from 'execa'
import { name, version } from '../../package.json'
import { C_LIBRARY_VERSION } from './c-library'
import { ENGINE_VERSION } from './engine'
import type { BundledPackage } from './notices'
import { npmPackage } from './npm-package'
import { ROOT } from './root'

interface Component {
  readonly name: string
  readonly version: string
  readonly 'bom-ref': string
}

interface Dependency {
  readonly ref: string
  readonly dependsOn?: readonly string[]
}

/**
 * The CycloneDX bill of materials, by npm itself from package-lock.json: of what is in the bundle, the engine and the C library. (npm's own
 * `--omit dev` leaves out what a development dependency needs too.) What it makes up anew each time, the serial number and
 * the time, or takes from the directory's name is the same for the same contents.
 */
export async function sbom(packages: readonly BundledPackage[]): Promise<string> {
  const { stdout } = await execa(
    process.execPath,
    [await npm(), 'sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'],
    { cwd: ROOT },
  )
  const { serialNumber: _, metadata, components, dependencies, ...rest } = JSON.parse(stdout)
  const { timestamp: __, component, ...others } = metadata
  const kept = (components as Component[]).filter(({ name, version }) =>
    packages.some((one) => one.name === name && one.version === version),
  )
  const linked = [
    linkedComponent('quickjs', ENGINE_VERSION, 'MIT'),
    linkedComponent('musl', C_LIBRARY_VERSION, 'MIT'),
  ]
  const refs = new Set([component['bom-ref'], ...kept.map((one) => one['bom-ref'])])
  const bill = {
    ...rest,
    metadata: { ...others, component: { ...component, name } },
    components: [...kept, ...linked],
    dependencies: (dependencies as Dependency[])
      .filter(({ ref }) => refs.has(ref))
      .map(({ ref, dependsOn = [] }) => ({
        ref,
        dependsOn: [
          ...dependsOn.filter((other) => refs.has(other)),
          ...(ref === component['bom-ref'] ? linked.map((one) => one['bom-ref']) : []),
        ],
      })),
  }
  const hash = createHash('sha256')
    .update(JSON.stringify([version, bill]))
    .digest('hex')
  return `${JSON.stringify({ ...bill, serialNumber: `urn:uuid:${uuid(hash)}` }, null, 2)}\n`
}

/** npm 9, which Debian 13 has, knows no `sbom`; and every machine should write the same bill. */
async function npm(): Promise<string> {
  const directory = await npmPackage({
    name: 'npm',
    version: '10.9.9',
    integrity:
      'sha512-1g+6jLQvaIuB4zwvHL7yrXuXcWZwDsCtBX8bbWDqbvJSSr9nPiDDWTHNgwXR27iIcTTW7v3A57hDW9RYv2W4Yg==',
    members: ['bin', 'lib', 'node_modules', 'package.json'],
  })
  return join(directory, 'bin/npm-cli.js')
}

/** What is linked into the native executable, and is no npm package. */
function linkedComponent(name: string, version: string, id: string) {
  const purl = `pkg:generic/${name}@${version}`
  return { 'bom-ref': purl, type: 'library', name, version, licenses: [{ license: { id } }], purl }
}

/** RFC 9562, version 8: of one's own making. */
function uuid(hash: string): string {
  const part = (from: number, to: number) => hash.slice(from, to)
  return `${part(0, 8)}-${part(8, 12)}-8${part(13, 16)}-8${part(17, 20)}-${part(20, 32)}`
}
