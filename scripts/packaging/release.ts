import { createHash } from 'node:crypto'
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { execa } from 'execa'
import { version } from '../../package.json'
import { DOCUMENTS } from '../../src/commands/documents'
import { ALL, ARCHITECTURES, type Architecture, thisArchitecture } from './architecture'
import { gzip, tar } from './archive'
import { type Artefacts, buildArtefacts } from './artefacts'
import { imageOf } from './image'
import { type Image, ociArchive } from './oci'
import { ROOT } from './root'
import { sbom } from './sbom'

/** Beside the executable. */
const FILES = ['LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'charts', 'conf', 'docs']

/** All files of a release, into a directory; the same sources give the same bytes. */
export async function release(directory: string, say: (line: string) => unknown): Promise<void> {
  await mkdir(directory, { recursive: true })
  if ((await readdir(directory)).length > 0)
    throw new Error(`Cannot release into ${directory}: it is not empty; remove it, or name another`)
  const work = await mkdtemp(join(tmpdir(), 'ip-masq-release-'))
  const sums: string[] = []
  const put = async (name: string, content: Uint8Array | string) => {
    await writeFile(join(directory, name), content)
    sums.push(`${createHash('sha256').update(content).digest('hex')}  ${name}\n`)
    say(`${name}: ${(content.length / 1e6).toFixed(1)} MB`)
  }
  const putImages = async (name: string, images: readonly Image[]) => {
    const { archive, digest } = await ociArchive(images)
    await put(name, archive)
    say(`  ${digest}`)
  }
  const images: Image[] = []
  try {
    const artefacts = await buildArtefacts(work, ALL)
    for (const [architecture, executable] of artefacts.executables) {
      say(`ip-masq-linux-${architecture}: ${await startOnce(executable, architecture)}`)
      const name = `ip-masq-${version}-linux-${architecture}`
      await put(`${name}.tar.gz`, gzip(await tree(join(work, name), executable, artefacts)))
      images.push(await imageOf(architecture, { ...artefacts, executable }))
      await putImages(`${name}.oci.tar`, images.slice(-1))
    }
    // For a registry: one tag for all.
    await putImages(`ip-masq-${version}.oci.tar`, images)
    await put(`ip-masq-${version}.cdx.json`, await sbom(artefacts.packages))
    await writeFile(join(directory, 'SHA256SUMS'), sums.join(''))
  } finally {
    await rm(work, { recursive: true })
  }
}

/** What lies about in a working tree is not released; sources without a repository are taken as they are. */
async function trackedFiles(): Promise<readonly string[]> {
  const { stdout, failed } = await execa(
    'git',
    ['-c', 'safe.directory=*', 'ls-files', '-z', '--', ...FILES],
    {
      cwd: ROOT,
      reject: false,
    },
  )
  return failed ? FILES : stdout.split('\0').filter((file) => file !== '')
}

/** What a user unpacks: one directory of the release's name. */
async function tree(
  directory: string,
  executable: string,
  { notices, bundle }: Artefacts,
): Promise<Uint8Array> {
  await mkdir(directory)
  await copyFile(executable, join(directory, 'ip-masq'))
  await chmod(join(directory, 'ip-masq'), 0o755)
  await copyFile(bundle, join(directory, 'ip-masq.js'))
  await chmod(join(directory, 'ip-masq.js'), 0o755)
  await writeFile(join(directory, 'THIRD-PARTY-NOTICES.md'), notices)
  for (const file of await trackedFiles())
    await cp(join(ROOT, file), join(directory, file), { recursive: true })
  await writeDocuments(directory, bundle)
  return tar(join(directory, '..'), [basename(directory)])
}

/** Man page and completions, as the program itself prints them: `cp -r share /usr/local`. */
async function writeDocuments(directory: string, bundle: string): Promise<void> {
  for (const [name, { path }] of Object.entries(DOCUMENTS)) {
    const args = name === 'man' ? ['help', '--man'] : ['completion', name]
    const { stdout } = await execa(process.execPath, [bundle, ...args], { stripFinalNewline: false })
    await mkdir(join(directory, dirname(path)), { recursive: true })
    await writeFile(join(directory, path), stdout)
  }
}

/** Whether it runs: on this machine, or under an emulator. */
async function startOnce(executable: string, architecture: Architecture): Promise<string> {
  const { emulator } = ARCHITECTURES[architecture]
  const command = architecture === thisArchitecture() ? [executable] : [emulator, executable]
  const [file = '', ...args] = command
  const { stdout, failed, code, stderr } = await execa(file, args, {
    env: { CNI_COMMAND: 'VERSION' },
    input: '{"cniVersion":"1.0.0"}',
    reject: false,
  })
  if (code === 'ENOENT') return `not started: there is no ${emulator} here`
  const { cniVersion = undefined } = failed ? {} : JSON.parse(stdout)
  if (cniVersion !== '1.0.0') throw new Error(`Cannot release: ${file} does not run: ${stdout}${stderr}`)
  return `runs${args.length > 0 ? ` under ${emulator}` : ''}`
}

/** What must agree before anything is built: whoever types a version means this one. */
export async function requireVersion(wanted: string): Promise<void> {
  const refuse = (why: string) => new Error(`Cannot release ${JSON.stringify(wanted)}: ${why}`)
  if (wanted !== version) throw refuse(`package.json says ${version}; write that, or change it there first`)
  const changelog = await readFile(join(ROOT, 'CHANGELOG.md'), 'utf8')
  const isThere = changelog.split('\n').some((line) => `${line} `.startsWith(`## ${version} `))
  if (!isThere) throw refuse(`CHANGELOG.md has no "## ${version} (DATE)"`)
  const base = await readFile(join(ROOT, 'conf/kubernetes/base/kustomization.yaml'), 'utf8')
  if (!base.includes(`newTag: ${version}\n`))
    throw refuse(`conf/kubernetes/base/kustomization.yaml has another newTag`)
}
