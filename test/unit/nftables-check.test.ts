import { expect, test } from 'vitest'
import type { Wanted } from '../../src/backend/backend'
import type { Carrier } from '../../src/backend/nftables/carrier'
import { MAPS } from '../../src/backend/nftables/set-up'
import { HOOK } from '../../src/backend/nftables/table'
import { NO_TABLE } from '../../src/backend/nftables/table-state'
import { verify } from '../../src/backend/nftables/verify'
import { parseAddress } from '../../src/policy/address-text'

/** CHECK on a table that changes while it is read. */

const wanted: Wanted = {
  attachment: { containerID: 'c1', ifname: 'eth0', network: 'cbr0', pod: '', namespace: '' },
  addresses: [parseAddress('10.244.1.7')],
  policy: { families: {}, pinExemptions: false, outInterfaces: [], toPorts: [], fullyRandom: true },
  backend: 'nftables',
}

/** A table whose base chain has these rules besides its hook at each look. */
function carrierOf(looks: readonly (readonly string[])[]): Carrier & { looked: number } {
  const carrier = {
    looked: 0,
    run: () => ({ ok: true, value: undefined }) as const,
    check: () => ({ ok: true, value: undefined }) as const,
    lookUp: (keys: readonly unknown[]) => ({ ok: true, value: keys.map(() => undefined) }) as const,
    readLayout: () => ({ ok: true, value: { isCurrent: true, hasMark: false } }) as const,
    readStructure() {
      const lines = (looks[Math.min(carrier.looked++, looks.length - 1)] ?? []).map(
        (text) => ({ do: 'foreign', text }) as const,
      )
      const sets = MAPS.map(({ name, key, value, hasTimeout }) => ({
        name,
        type: { key, value, flags: hasTimeout ? ['timeout'] : [] },
        elements: [],
      }))
      const chains = [
        { name: 'layout-3', lines: [] },
        { name: 'nat-postrouting', lines: [HOOK, { do: 'policy', verdict: 'accept' } as const, ...lines] },
      ]
      return { ok: true, value: { isDormant: false, sets, chains } } as const
    },
    readTable: () => ({ ok: true, value: NO_TABLE }) as const,
    findPod: () => ({ ok: true, value: [] }) as const,
    readOwners: () => ({ ok: true, value: NO_TABLE }) as const,
    isStanding: () => ({ ok: true, value: true }) as const,
    probe: () => [],
    explainRefusal: () => '',
    explainUnusable: () => '',
  }
  return carrier
}

test('two looks that find the same are believed', () => {
  const carrier = carrierOf([['a'], ['b'], ['b'], ['c']])
  expect(verify(carrier, wanted)).toContain('chain nat-postrouting: unexpected line "b"')
  expect(carrier.looked).toBe(3)
})

test('a table that is never the same is reported as that, and not as drift', () => {
  const carrier = carrierOf(Array.from({ length: 40 }, (_, i) => [`line ${i}`]))
  expect(() => verify(carrier, wanted)).toThrow(
    expect.objectContaining({
      reason: 'tryAgain',
      message: 'Cannot check the rules: the ruleset changes too fast to be read; try again',
    }),
  )
})
