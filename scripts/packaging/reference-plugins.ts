import { join } from 'node:path'
import { debianFiles } from './debian-pool'

const VERSION = '1.9.1+ds1-1'

/**
 * The directory of bridge, ptp, host-local and the others in version 1.9, the first here whose bridge can masquerade by nftables. It is
 * Debian's package, of a release that this machine need not run.
 */
export async function referencePlugins(): Promise<string> {
  const files = await debianFiles(`reference-plugins/${VERSION}`, [
    {
      path: `pool/main/g/golang-github-containernetworking-plugins/containernetworking-plugins_${VERSION}`,
      sha256: {
        amd64: '12857dd3136d61e00bffcc2c8823d14df586e94406098326e02846cfa46a058e',
        arm64: 'f3da010c16eb52e1fe2cbb35ba3c724f2bd2c647b57ffe215d8fad4336d08a53',
      },
    },
  ])
  return join(files, 'usr/lib/cni')
}
