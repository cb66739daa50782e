import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CachedNetwork, createCachedNetwork } from './cached-network'
import { WITHOUT_RUNTIMES } from './install-site'
import { createNamespace, type Namespace } from './namespace'
import { runCommand } from './plugin'

/** What `ip-masq doctor --json` prints. */
export interface Report {
  readonly status: number | undefined
  readonly findings: readonly Finding[]
}

export interface Finding {
  readonly group: string
  readonly check: string
  readonly level: string
  readonly what: string
  readonly why: string | null
  readonly mend: string | null
}

/** As for `runCommand`. */
interface More {
  readonly before?: string
  readonly path?: string
  readonly executable?: string
}

/** A node with an executable that install put there, a network of ours with one pod that has rules, and nothing wrong. */
export interface DoctorSite {
  readonly node: Namespace
  readonly network: CachedNetwork
  readonly binDir: string
  /** Runs the doctor. */
  examine(options?: string, more?: More): Promise<Report>
  /** Runs it, and returns what one check found. */
  findingsOf(check: string, options?: string, before?: string): Promise<readonly Finding[]>
  delete(): Promise<void>
}

export async function createDoctorSite(label: string): Promise<DoctorSite> {
  const node = await createNamespace(label)
  const network = await createCachedNetwork(node)
  const binDir = await mkdtemp(join(tmpdir(), 'ip-masq-doctor-'))
  const install = await runCommand(node, `install --bin-dir ${binDir} --conf-dir ${network.confDir}`, {
    before: WITHOUT_RUNTIMES,
  })
  if (install.status !== 0) throw new Error(`install failed: ${install.stderr}`)
  await node.sh(`sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip link add wan type veth peer name outside; ip link set wan up; ip link set outside up; ip address add 192.0.2.2/24 dev wan
    ip route add default via 192.0.2.1 dev wan`)
  await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
  const site: DoctorSite = {
    node,
    network,
    binDir,
    async examine(options = '', { before = '', ...more } = {}) {
      const { status, stdout, stderr } = await network.command(
        `doctor --json --bin-dir ${binDir} ${options}`,
        {
          before: `${WITHOUT_RUNTIMES}\n${before}`,
          ...more,
        },
      )
      if (stderr !== '') throw new Error(stderr)
      const report: Report = JSON.parse(stdout)
      if (report.status !== status) throw new Error(`ended with ${status}, and says ${report.status}`)
      return report
    },
    async findingsOf(check, options, before = '') {
      const { findings } = await site.examine(options, { before })
      return findings.filter((finding) => finding.check === check)
    },
    async delete() {
      await network.delete()
      await node.delete()
      await rm(binDir, { recursive: true })
    },
  }
  return site
}
