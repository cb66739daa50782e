// npm run build: dist/ip-masq.js (Node), dist/ip-masq (native, for this machine), from the same sources.
// npm run build sanitized: dist/sanitized/ip-masq, the native one under the sanitizers, for `scripts/test sanitized`.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { thisArchitecture } from './packaging/architecture'
import { bundle } from './packaging/bundle'
import { compileNative } from './packaging/native'
import { FINDINGS } from './packaging/native-tools'
import { ROOT } from './packaging/root'

const dist = join(ROOT, 'dist')
if (process.argv[2] === 'sanitized') {
  await rm(FINDINGS, { recursive: true, force: true })
  await mkdir(join(dist, 'sanitized'), { recursive: true })
  await compileNative(thisArchitecture(), join(dist, 'sanitized/ip-masq'), 'sanitized')
} else {
  await mkdir(dist, { recursive: true })
  await bundle(join(dist, 'ip-masq.js'))
  await compileNative(thisArchitecture(), join(dist, 'ip-masq'))
}
