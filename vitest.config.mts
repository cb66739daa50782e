import { defineConfig } from 'vitest/config'

const ring = (name: string, settings = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], ...settings },
})

/** One suite over each firewall, and over nftables by each carrier. `files`: those of it in which that makes a difference. */
const shared = (name: string, { firewall = name, files = ['*'], env = {} } = {}) => ({
  test: {
    name,
    include: files.map((file) => `test/shared/${file}.test.ts`),
    env: { FIREWALL: firewall, ...env },
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
  },
})

/** What hangs is to be found out; what waits for two busy cores is no failure. */
const PATIENCE_MS = 240_000

/** Files of the shared suite that rest on how what stands in the kernel is read and changed. */
const READING = ['attachments', 'check', 'company', 'gc', 'random-configs', 'restore', 'sync']

const NFT = { IP_MASQ_CARRIER: 'nft' }

export default defineConfig({
  test: {
    projects: [
      // Thousands of random cases each, beside another ring.
      ring('unit', { testTimeout: PATIENCE_MS }),
      ring('bundle', { testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS }),
      ring('kernel', { testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS }),
      // What is read from the kernel by listings; `auto` is netlink in the native executable. That both carriers write the
      // same is shown by the goldens, and by kernel/netlink.test.ts.
      {
        test: {
          name: 'kernel-nft',
          include: ['check', 'gc', 'layout', 'restore', 'sync'].map((file) => `test/kernel/${file}.test.ts`),
          env: NFT,
          testTimeout: PATIENCE_MS,
          hookTimeout: PATIENCE_MS,
        },
      },
      ...['nftables', 'iptables-nft'].map((firewall) => shared(firewall)),
      // The rules are those of iptables-nft, letter by letter; another tool writes them, and another kernel module applies them.
      shared('iptables-legacy', { files: [...READING, 'packets'] }),
      shared('nftables-nft', { firewall: 'nftables', files: READING, env: NFT }),
      ring('packaging', { testTimeout: 600_000, hookTimeout: 600_000 }),
      ring('fuzz', { testTimeout: 120_000 }),
      ring('runtime', { testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS }),
    ],
  },
})
