import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PLUGIN_DIRECTORY } from '../test/lab/runtime'

/**
 * The reference plugins, written anew as our executable has just been: a file that was read from the disk lies in smaller
 * pieces in the page cache, and starts later.
 */
export const PLUGINS = mkdtempSync(join(tmpdir(), 'ip-masq-bench-plugins-'))
for (const name of ['bridge', 'host-local'])
  writeFileSync(join(PLUGINS, name), readFileSync(join(PLUGIN_DIRECTORY, name)), { mode: 0o755 })
process.once('exit', () => rmSync(PLUGINS, { recursive: true }))
