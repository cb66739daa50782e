import { gzipSync } from 'node:zlib'
import { execa } from 'execa'

/**
 * A directory's files as a tar archive: the same files give the same bytes, whoever built them, when, and with which umask.
 * Of the modes only "executable" is kept.
 */
export async function tar(directory: string, members: readonly string[] = ['.']): Promise<Uint8Array> {
  const sameForAll = [
    '--format=ustar',
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
  ]
  const { stdout } = await execa(
    'tar',
    ['--create', ...sameForAll, '--mode=u=rwX,go=rX', '--directory', directory, ...members],
    { encoding: 'buffer', maxBuffer: 1 << 30 },
  )
  return stdout
}

/** No name and no time in its header. */
export function gzip(bytes: Uint8Array): Uint8Array {
  return gzipSync(bytes, { level: 6 })
}
