import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repository, version } from '../../package.json'
import type { Architecture } from './architecture'
import { tar } from './archive'
import type { Image } from './oci'
import { ROOT } from './root'

/** The registry beside the forge. Whose it is, `repository` of package.json says, and nothing else. */
const [, owner = ''] = /github\.com\/([^/]+)\//.exec(repository.url) ?? []
export const IMAGE = `ghcr.io/${owner.toLowerCase()}/ip-masq`
export const REFERENCE = `${IMAGE}:${version}`

/** In a directory of every `PATH`: `kubectl exec ds/ip-masq -- ip-masq list`. */
const EXECUTABLE = '/usr/local/bin/ip-masq'

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
    await mkdir(join(work, 'usr/local/bin'), { recursive: true })
    await copyFile(executable, join(work, EXECUTABLE))
    await chmod(join(work, EXECUTABLE), 0o755)
    await copyFile(join(ROOT, 'LICENSE'), join(work, 'LICENSE'))
    await writeFile(join(work, 'THIRD-PARTY-NOTICES.md'), notices)
    return {
      architecture,
      layers: [{ tar: await tar(work), createdBy: `ip-masq ${version}` }],
      entrypoint: [EXECUTABLE],
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
