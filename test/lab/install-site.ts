import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNamespace, type Namespace } from './namespace'

/**
 * Shell lines that hide the runtimes of the machine that the tests run on: what `auto` does must not depend on them. They
 * are for the mount namespace of one command.
 */
export const WITHOUT_RUNTIMES =
  'for d in /run/containerd /run/crio /run/k3s; do if [ -d $d ]; then mount -t tmpfs none $d; fi; done'

/** A node, and directories of its own in place of those that install writes to. */
export interface InstallSite {
  readonly node: Namespace
  /** Of all that follow. */
  readonly directory: string
  readonly binDir: string
  readonly confDir: string
  readonly cacheDir: string
  delete(): Promise<void>
}

export async function createInstallSite(label: string): Promise<InstallSite> {
  const node = await createNamespace(label)
  const directory = await mkdtemp(join(tmpdir(), 'ip-masq-install-'))
  const within = (name: string) => join(directory, name)
  const [binDir, confDir, cacheDir] = [within('bin'), within('net.d'), within('cni')]
  for (const path of [binDir, confDir, join(cacheDir, 'results')]) await mkdir(path, { recursive: true })
  return {
    node,
    directory,
    binDir,
    confDir,
    cacheDir,
    async delete() {
      // What watches there ends with it.
      await node.delete()
      await rm(directory, { recursive: true })
    },
  }
}
