import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PLUGINS } from './plugins'

/** The reference bridge plugin, which the benchmark calls with ipMasq and without: the difference is what its masquerade costs. */

/** What its IPAM plugin remembers. */
const DATA = mkdtempSync(join(tmpdir(), 'ip-masq-bench-ipam-'))
process.once('exit', () => rmSync(DATA, { recursive: true }))

export const BRIDGE = join(PLUGINS, 'bridge')

export function bridgeConfig(label: string, ipMasq: boolean) {
  return {
    cniVersion: '1.0.0',
    name: `bench-${label}-${ipMasq}`,
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    ipMasq,
    ipam: { type: 'host-local', ranges: [[{ subnet: '10.244.0.0/16' }]], dataDir: DATA },
  }
}
