import { defineConfig } from 'vitest/config'

const ring = (name: string, settings = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], ...settings },
})

/** One suite over each firewall. */
const shared = (firewall: string) => ({
  test: {
    name: firewall,
    include: ['test/shared/**/*.test.ts'],
    env: { FIREWALL: firewall },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})

export default defineConfig({
  test: {
    projects: [
      ring('unit'),
      ring('bundle', { testTimeout: 60_000, hookTimeout: 60_000 }),
      ring('kernel', { testTimeout: 60_000, hookTimeout: 60_000 }),
      ...['nftables', 'iptables-nft', 'iptables-legacy'].map((firewall) => shared(firewall)),
      ring('packaging', { testTimeout: 180_000, hookTimeout: 180_000 }),
      ring('fuzz', { testTimeout: 120_000 }),
      ring('runtime', { testTimeout: 60_000, hookTimeout: 60_000 }),
    ],
  },
})
