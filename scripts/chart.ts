import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chartFiles } from './packaging/chart'
import { ROOT } from './packaging/root'

for (const [name, text] of await chartFiles()) await writeFile(join(ROOT, 'charts/ip-masq', name), text)
