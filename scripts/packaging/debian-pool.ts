import { execa } from 'execa'

/**
 * A file of Debian's pool, from the first of this machine's own repositories that has it. The pool has the files of all
 * of Debian's releases, so the file may be of one that this machine does not run. apt removes what has another hash.
 * Nothing is installed, and apt's sources stay as they are.
 */
export async function fromDebianPool(
  path: string,
  { file, sha256 }: { file: string; sha256: string },
): Promise<void> {
  const format = ['--format', '$(REPO_URI)', 'Created-By: Packages']
  const { stdout } = await execa('apt-get', ['indextargets', ...format])
  const reasons: string[] = []
  for (const repository of new Set(stdout.split('\n').filter((line) => line !== ''))) {
    const source = `${repository}${repository.endsWith('/') ? '' : '/'}${path}`
    const options = ['-o', 'APT::Sandbox::User=root']
    const { exitCode, stderr } = await execa(
      '/usr/lib/apt/apt-helper',
      [...options, 'download-file', source, file, `SHA256:${sha256}`],
      { reject: false },
    )
    if (exitCode === 0) return
    reasons.push(stderr)
  }
  throw new Error(`Cannot get ${path} from this machine's apt sources:\n${reasons.join('\n')}`)
}
