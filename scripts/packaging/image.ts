import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { version } from '../../package.json'
import type { Architecture } from './architecture'
import { tar } from './archive'
import type { Image } from './oci'
import { ROOT } from './root'

export const REFERENCE = `localhost/ip-masq:${version}`

export interface ImageParts {
  readonly executable: string
  readonly notices: string
}

/**
 * The image that conf/kubernetes runs: the executable, which needs no other file, and nothing else, no shell either. The tools that it starts are the host's.
 */
export async function imageOf(
  architecture: Architecture,
  { executable, notices }: ImageParts,
): Promise<Image> {
  const work = await mkdtemp(join(tmpdir(), 'ip-masq-image-'))
  try {
    await copyFile(executable, join(work, 'ip-masq'))
    await chmod(join(work, 'ip-masq'), 0o755)
    await copyFile(join(ROOT, 'LICENSE'), join(work, 'LICENSE'))
    await writeFile(join(work, 'THIRD-PARTY-NOTICES.md'), notices)
    return {
      architecture,
      layers: [{ tar: await tar(work), createdBy: `ip-masq ${version}` }],
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
