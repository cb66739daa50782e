import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const ring = (name: string) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], ...COMMON },
})

/** One suite over each firewall, and over nftables by each carrier. `files`: those of it in which that makes a difference. */
const shared = (name: string, { firewall = name, files = ['*'], env = {} } = {}) => ({
  test: {
    name,
    include: files.map((file) => `test/shared/${file}.test.ts`),
    env: { FIREWALL: firewall, ...env },
    ...COMMON,
  },
})

/**
 * Files of a ring run one after another in the same processes: starting a process for each file takes half of the unit
 * ring's time. Each begins by measuring how much time this machine needs now.
 */
const COMMON = { isolate: false, setupFiles: ['test/lab/set-patience.ts'] }

/** Files of the shared suite that rest on how what stands in the kernel is read and changed. */
const READING = ['attachments', 'check', 'company', 'gc', 'list', 'random-configs', 'restore', 'sync']

const NFT = { IP_MASQ_CARRIER: 'nft' }

/** Files of which each takes 20 s or more, much of it waiting: a run must not end with one of them alone. */
const LONG = [
  'packaging/release',
  'kernel/backends',
  'fuzz/calls',
  'kernel/primary',
  'kernel/faults-after-add',
  'kernel/watch',
  'kernel/install-watch',
  'kernel/health',
  'bundle/documents',
  'bundle/limits',
  'bundle/tool',
  'kernel/inspect',
  'kernel/metrics',
  'shared/explain',
  'kernel/explain-filters',
  'packaging/libc',
  'runtime/image',
].map((name) => `/test/${name}.test.ts`)

/** The order in which files start: the long ones, then ring after ring; in a ring as vitest does it. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rings = this.ctx.projects.map(({ name }) => name)
    const place = ({ moduleId, project }: TestSpecification) => {
      const long = LONG.findIndex((name) => moduleId.endsWith(name))
      return long >= 0 ? long : LONG.length + rings.indexOf(project.name)
    }
    return (await super.sort(files)).sort((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongFirst },
    projects: [
      ring('unit'),
      ring('bundle'),
      ring('kernel'),
      // What is read from the kernel by listings; `auto` is netlink in the native executable. That both carriers write the
      // same is shown by the goldens, and by kernel/netlink.test.ts.
      {
        test: {
          name: 'kernel-nft',
          include: ['check', 'gc', 'layout', 'restore', 'sync'].map((file) => `test/kernel/${file}.test.ts`),
          env: NFT,
          ...COMMON,
        },
      },
      ...['nftables', 'iptables-nft'].map((firewall) => shared(firewall)),
      // The rules are those of iptables-nft, letter by letter; another tool writes them, and another kernel module applies them.
      shared('iptables-legacy', { files: [...READING, 'packets', 'explain'] }),
      shared('nftables-nft', { firewall: 'nftables', files: READING, env: NFT }),
      ring('packaging'),
      ring('fuzz'),
      ring('runtime'),
    ],
  },
})
