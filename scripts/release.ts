// scripts/release VERSION [DIRECTORY]
import { join, resolve } from 'node:path'
import { release, requireVersion } from './packaging/release'
import { ROOT } from './packaging/root'

const [version = '', directory = join(ROOT, 'dist/release'), ...rest] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)
try {
  if (version === '' || rest.length > 0) throw new Error('Write scripts/release VERSION [DIRECTORY]')
  await requireVersion(version)
  await release(resolve(directory), say)
  say(`Check with: cd ${directory} && sha256sum -c SHA256SUMS`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
