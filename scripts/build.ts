// npm run build: dist/ip-masq.js (Node), dist/ip-masq (native, for this machine), from the same sources.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { thisArchitecture } from './packaging/architecture'
import { bundle } from './packaging/bundle'
import { compileNative } from './packaging/native'
import { ROOT } from './packaging/root'

const dist = join(ROOT, 'dist')
await mkdir(dist, { recursive: true })
await bundle(join(dist, 'ip-masq.js'))
await compileNative(thisArchitecture(), join(dist, 'ip-masq'))
