import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Architecture } from './architecture'
import { gzip, tar } from './archive'

/** An image of the OCI image specification 1.0, as an image layout in a tar archive: no daemon builds it. */

export interface Image {
  readonly architecture: Architecture
  /** Lowest first; each an uncompressed tar archive, and what made it. */
  readonly layers: readonly { readonly tar: Uint8Array; readonly createdBy: string }[]
  readonly entrypoint: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** With the registry and the tag. */
  readonly reference: string
}

interface Blob {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

/** Of all things that are always the same: a time would make each build another image. */
const NEVER = '1970-01-01T00:00:00Z'

/**
 * The archive, and the digest that a registry and a runtime know the image by: of its manifest, or, for several
 * architectures, of the index that names the manifests.
 */
export async function ociArchive(images: readonly Image[]): Promise<{ archive: Uint8Array; digest: string }> {
  const layout = await mkdtemp(join(tmpdir(), 'ip-masq-oci-'))
  try {
    await mkdir(join(layout, 'blobs/sha256'), { recursive: true })
    const put: Put = async (mediaType, content) => {
      const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content))
      const hash = sha256(bytes)
      await writeFile(join(layout, 'blobs/sha256', hash), bytes)
      return { mediaType, digest: `sha256:${hash}`, size: bytes.length }
    }
    const manifests: Manifest[] = []
    for (const image of images) manifests.push(await putImage(image, put))
    const [first] = manifests
    if (!first) throw new Error('Cannot make an archive of no image')
    const index = 'application/vnd.oci.image.index.v1+json'
    const top =
      manifests.length === 1 ? first : await put(index, { schemaVersion: 2, mediaType: index, manifests })
    const reference = images[0]?.reference ?? ''
    const annotations = {
      // The tag for the tools of the specification, and the whole name for containerd's import.
      'org.opencontainers.image.ref.name': reference.slice(reference.lastIndexOf(':') + 1),
      'io.containerd.image.name': reference,
    }
    await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
    await writeFile(
      join(layout, 'index.json'),
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...top, annotations }] }),
    )
    return { archive: await tar(layout, ['oci-layout', 'index.json', 'blobs']), digest: top.digest }
  } finally {
    await rm(layout, { recursive: true })
  }
}

type Put = (mediaType: string, content: Uint8Array | object) => Promise<Blob>

interface Manifest extends Blob {
  readonly platform: { readonly architecture: Architecture; readonly os: 'linux' }
}

async function putImage({ architecture, layers, entrypoint, labels }: Image, put: Put): Promise<Manifest> {
  const platform = { architecture, os: 'linux' } as const
  const config = await put('application/vnd.oci.image.config.v1+json', {
    created: NEVER,
    ...platform,
    config: { Entrypoint: entrypoint, Labels: labels },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer.tar)}`) },
    history: layers.map(({ createdBy }) => ({ created: NEVER, created_by: createdBy })),
  })
  const blobs: Blob[] = []
  for (const layer of layers)
    blobs.push(await put('application/vnd.oci.image.layer.v1.tar+gzip', gzip(layer.tar)))
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  return { ...(await put(mediaType, { schemaVersion: 2, mediaType, config, layers: blobs })), platform }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
