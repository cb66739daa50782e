import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { ARCHITECTURES, type Architecture } from './architecture'
import { ROOT } from './root'

export interface Libc {
  /** Debian's, as in `2.36-9+deb12u14`. */
  readonly version: string
  /** The package, unpacked: where an emulator finds the loader. */
  readonly root: string
  /** Path in the image, and the file that comes there. */
  readonly files: ReadonlyMap<string, string>
}

/** What `ldd dist/ip-masq` names, besides the loader. */
const LIBRARIES = ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0']

/**
 * glibc of an architecture, from this machine's own Debian sources. apt works in a directory of its own: it knows
 * nothing of what is installed here, and changes nothing of it.
 */
export async function debianLibc(architecture: Architecture): Promise<Libc> {
  const directory = join(ROOT, '.cache/debian', architecture)
  await rm(join(directory, 'files'), { recursive: true, force: true })
  for (const path of ['lists/partial', 'archives/partial', 'files'])
    await mkdir(join(directory, path), { recursive: true })
  const apt = (...args: string[]) => {
    const settings = [
      `APT::Architecture=${architecture}`,
      `APT::Architectures=${architecture}`,
      `Dir::State::Lists=${directory}/lists`,
      'Dir::State::status=/dev/null',
      `Dir::Cache=${directory}`,
      'APT::Sandbox::User=root',
    ]
    return execa('apt-get', ['-qq', ...settings.flatMap((setting) => ['-o', setting]), ...args], {
      cwd: join(directory, 'files'),
      stdout: 'ignore',
    })
  }
  // Sources that have nothing for this architecture complain; what counts is whether the package is there.
  await apt('update').catch(() => {})
  await apt('download', 'libc6').catch((error) => {
    throw new Error(`Cannot get libc6 for ${architecture} from this machine's apt sources: ${error.stderr}`)
  })
  const [name = ''] = await readdir(join(directory, 'files'))
  const unpacked = join(directory, 'files/libc6')
  await execa('dpkg-deb', ['--extract', join(directory, 'files', name), unpacked])
  const { stdout: control } = await execa('dpkg-deb', ['--field', join(directory, 'files', name)])
  const version = /^Version: (\S+)$/m.exec(control)?.[1] ?? ''
  await writeFile(join(unpacked, 'control'), `${control}\n`)
  return { version, root: unpacked, files: await place(unpacked, architecture) }
}

/** Under the paths that the executable and the loader ask for; releases of Debian differ in whether /lib is a link. */
async function place(unpacked: string, architecture: Architecture): Promise<Map<string, string>> {
  const { loader, triplet } = ARCHITECTURES[architecture]
  const paths = await readdir(unpacked, { recursive: true })
  const find = (name: string) => {
    // The copy in the multiarch directory is no link that leads out of the package.
    const found = paths.find((path) => path.endsWith(`/${triplet}/${name}`))
    if (!found) throw new Error(`Cannot make an image for ${architecture}: there is no ${name} in libc6`)
    return join(unpacked, found)
  }
  return new Map([
    [loader, find(loader.slice(loader.lastIndexOf('/') + 1))],
    ...LIBRARIES.map((name) => [`/lib/${triplet}/${name}`, find(name)] as const),
    ['/usr/share/doc/libc6/copyright', join(unpacked, 'usr/share/doc/libc6/copyright')],
    // Where scanners look for packages in images without dpkg.
    ['/var/lib/dpkg/status.d/libc6', join(unpacked, 'control')],
  ])
}
