import { defineConfig } from 'vitest/config'

const ring = (name: string, settings = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], ...settings },
})

export default defineConfig({
  test: {
    projects: [
      ring('unit'),
      ring('bundle', { testTimeout: 60_000, hookTimeout: 60_000 }),
      ring('kernel', { testTimeout: 60_000, hookTimeout: 60_000 }),
      ring('fuzz', { testTimeout: 120_000 }),
      ring('runtime', { testTimeout: 60_000, hookTimeout: 60_000 }),
    ],
  },
})
