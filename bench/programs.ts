import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../scripts/packaging/root'

/** The benchmark's own C programs, compiled anew for each run. They are as static as ours, so they start as fast. */
const directory = mkdtempSync(join(tmpdir(), 'ip-masq-bench-programs-'))
process.once('exit', () => rmSync(directory, { recursive: true }))

function compile(name: string): string {
  const output = join(directory, name)
  const flags = ['-std=gnu11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Werror', '-static']
  execFileSync('cc', [...flags, '-o', output, join(ROOT, 'bench', `${name}.c`)])
  return output
}

export const STOPWATCH = compile('stopwatch')
export const NOTHING = compile('nothing')
