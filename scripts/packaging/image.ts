import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { version } from '../../package.json'
import type { Architecture } from './architecture'
import { tar } from './archive'
import type { Libc } from './debian-libc'
import type { Image } from './oci'
import { ROOT } from './root'

export const REFERENCE = `localhost/ip-masq:${version}`

export interface ImageParts {
  readonly executable: string
  readonly notices: string
  readonly libc: Libc
}

/**
 * The image that conf/kubernetes runs: the executable, the C library that it is linked to, and nothing else, no shell
 * either. The tools that it starts are the host's.
 */
export async function imageOf(
  architecture: Architecture,
  { executable, notices, libc }: ImageParts,
): Promise<Image> {
  const work = await mkdtemp(join(tmpdir(), 'ip-masq-image-'))
  try {
    const [lower, upper] = [join(work, 'libc'), join(work, 'ip-masq')]
    for (const [path, file] of libc.files) {
      await mkdir(dirname(join(lower, path)), { recursive: true })
      await copyFile(file, join(lower, path))
      await chmod(join(lower, path), path.includes('.so') ? 0o755 : 0o644)
    }
    await mkdir(upper)
    await copyFile(executable, join(upper, 'ip-masq'))
    await chmod(join(upper, 'ip-masq'), 0o755)
    await copyFile(join(ROOT, 'LICENSE'), join(upper, 'LICENSE'))
    await writeFile(join(upper, 'THIRD-PARTY-NOTICES.md'), notices)
    return {
      architecture,
      layers: [
        { tar: await tar(lower), createdBy: `Debian libc6 ${libc.version}` },
        { tar: await tar(upper), createdBy: `ip-masq ${version}` },
      ],
      entrypoint: ['/ip-masq'],
      labels: {
        'org.opencontainers.image.title': 'ip-masq',
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.licenses': 'Apache-2.0 AND LGPL-2.1-or-later',
      },
      reference: REFERENCE,
    }
  } finally {
    await rm(work, { recursive: true })
  }
}
