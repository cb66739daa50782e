import { execa } from 'execa'
import { debianFiles } from './debian-pool'

/**
 * podman has no CNI from version 5 on, which Debian 13 has. Then this is the directory of Debian 12's, with the libraries of it that Debian
 * 13 has in other versions or not at all. Undefined where the machine's own podman has CNI.
 */
export async function podmanWithCni(): Promise<string | undefined> {
  const { stdout } = await execa('podman', ['--version'])
  const major = Number(/version (\d+)/.exec(stdout)?.[1])
  if (major < 5) return undefined
  return debianFiles('podman/4.3.1', [
    {
      path: 'pool/main/libp/libpod/podman_4.3.1+ds1-8+deb12u1+b3',
      sha256: {
        amd64: '881ab556a1df5b911359c83a647597eb36c156a8615e754436e520a6ae0661ab',
        arm64: 'ef75a5e3f39c9705ec7ad1d0a4e11ca81be3cb864fad631e89493538112126cb',
      },
    },
    {
      path: 'pool/main/s/shadow/libsubid4_4.13+dfsg1-1+deb12u2',
      sha256: {
        amd64: '5c1c214484e57bcfaff4136e6cdbe4e8108776c7159ce7c9087218896a5eb12d',
        arm64: '6db405e98139458f12ebd8e3598cdb1ddcf1314e0268ebe5572fce4c20c0469c',
      },
    },
    {
      path: 'pool/main/l/lvm2/libdevmapper1.02.1_1.02.185-2',
      sha256: {
        amd64: 'aaa78ca236055fedccf637eacf7bda02bf1980b2db668dccd202b04d0d2cfe04',
        arm64: '0b4ffad17467a043dd1cb9cdbbcf8cbaf2ab88e902ae4c110a0b08d74753589b',
      },
    },
  ])
}
