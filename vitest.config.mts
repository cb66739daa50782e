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
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})

const NFT = { IP_MASQ_CARRIER: 'nft' }

export default defineConfig({
  test: {
    projects: [
      // Thousands of random cases each, beside another ring.
      ring('unit', { testTimeout: 60_000 }),
      ring('bundle', { testTimeout: 60_000, hookTimeout: 60_000 }),
      ring('kernel', { testTimeout: 60_000, hookTimeout: 60_000 }),
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
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      ...['nftables', 'iptables-nft', 'iptables-legacy'].map((firewall) => shared(firewall)),
      shared('nftables-nft', 'nftables', NFT),
      ring('packaging', { testTimeout: 600_000, hookTimeout: 600_000 }),
      ring('fuzz', { testTimeout: 120_000 }),
      ring('runtime', { testTimeout: 180_000, hookTimeout: 180_000 }),
    ],
  },
})
