import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Terms } from '../../src/validate/judgement'
import { renderVerdict } from '../../src/validate/render'
import { validate } from '../../src/validate/validate'

/** `ip-masq validate` in this process, over files that are written for it. */

/** Names below a directory, and texts. A text may have the directory in it as DIR. */
export type Files = Readonly<Record<string, string>>

export interface Validation {
  /** What is named on the command line, below the directory; none: the directory. */
  readonly paths?: readonly string[]
  readonly offline?: boolean
  /** Below the directory. */
  readonly filesRoot?: string
}

/** The lines that it prints, without the directory. */
export async function validateFiles(files: Files, options: Validation = {}): Promise<readonly string[]> {
  return withFiles(files, async (directory) => {
    const { paths = [''], offline = false, filesRoot } = options
    const terms: Terms = {
      readsNamedFiles: !offline,
      filesRoot: filesRoot === undefined ? '' : join(directory, filesRoot),
    }
    const verdict = await validate(
      paths.map((path) => join(directory, path)),
      terms,
    )
    return renderVerdict(verdict, 'text').map((line) => line.replaceAll(`${directory}/`, ''))
  })
}

/** The same for a conflist that is named alone. */
export function validateConflist(text: string): Promise<readonly string[]> {
  return validateFiles({ 'net.conflist': text }, { paths: ['net.conflist'] })
}

export async function withFiles<T>(files: Files, work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'ip-masq-validate-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true })
      writeFileSync(join(directory, name), text.replaceAll('DIR', directory))
    }
    return await work(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A conflist that is right, around our part. Its line 8 has `own` from column 5 on. */
export function conflistWith(own: string): string {
  return `{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    { "type": "bridge",
      "ipMasq": false,
      "ipam": { "type": "host-local", "subnet": "10.244.1.0/24" } },
    ${own}
  ]
}
`
}
