import { expect, test } from 'vitest'
import { version } from '../../package.json'
import { type LoopState, liveness, readiness } from '../../src/commands/health'

const states = (sync: LoopState) =>
  new Map<string, LoopState>([
    ['install', { error: undefined, dueMs: 1_000 }],
    ['sync', sync],
  ])

test('a loop whose turn failed is alive, and not ready', () => {
  const failed = states({ error: 'Cannot read /etc/cni/net.d', dueMs: 1_000 })
  expect(liveness(failed, 1_500)).toEqual({
    status: 200,
    text: `ip-masq ${version}\ninstall: ok\nsync: ok\n`,
  })
  expect(readiness(failed)).toEqual({
    status: 503,
    text: `ip-masq ${version}\ninstall: ok\nsync: Cannot read /etc/cni/net.d\n`,
  })
})

test('a loop that turns no more is not alive, after more than all deadlines of a turn', () => {
  const stuck = states({ error: undefined, dueMs: -299_500 })
  expect(liveness(stuck, 500).status).toBe(200)
  expect(liveness(stuck, 700)).toEqual({
    status: 503,
    text: `ip-masq ${version}\ninstall: ok\nsync: its next turn is late by 300 s\n`,
  })
  expect(readiness(stuck).status).toBe(200)
})
