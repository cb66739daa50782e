import { defineConfig } from 'vitest/config'

const ring = (name: string, settings = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], ...settings },
})

/** One suite over each firewall, and over nftables by each carrier. */
const shared = (name: string, firewall = name, env = {}) => ({
  test: {
    name,
    include: ['test/shared/**/*.test.ts'],
    env: { FIREWALL: firewall, ...env },
    testTimeout: PATIENCE_MS,
    hookTimeout: PATIENCE_MS,
  },
})

/** What hangs is to be found out; what waits for two busy cores is no failure. */
const PATIENCE_MS = 240_000

const NFT = { IP_MASQ_CARRIER: 'nft' }

export default defineConfig({
  test: {
    projects: [
      // Thousands of random cases each, beside another ring.
      ring('unit', { testTimeout: PATIENCE_MS }),
      ring('bundle', { testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS }),
      ring('kernel', { testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS }),
      // What of it is carried to the kernel; `auto` is netlink in the native executable.
      {
        test: {
          name: 'kernel-nft',
          include: [
            'check',
            'company',
            'gc',
            'golden',
            'layout',
            'restore',
            'sync',
            'sync-sources',
            'watch',
          ].map((file) => `test/kernel/${file}.test.ts`),
          env: NFT,
          testTimeout: PATIENCE_MS,
          hookTimeout: PATIENCE_MS,
        },
      },
      ...['nftables', 'iptables-nft', 'iptables-legacy'].map((firewall) => shared(firewall)),
      shared('nftables-nft', 'nftables', NFT),
      ring('packaging', { testTimeout: 600_000, hookTimeout: 600_000 }),
      ring('fuzz', { testTimeout: 120_000 }),
      ring('runtime', { testTimeout: PATIENCE_MS, hookTimeout: PATIENCE_MS }),
    ],
  },
})
