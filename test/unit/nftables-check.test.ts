import { expect, test } from 'vitest'
import type { Wanted } from '../../src/backend/backend'
import type { Carrier } from '../../src/backend/nftables/carrier'
import { NO_TABLE } from '../../src/backend/nftables/table-state'
import { verify } from '../../src/backend/nftables/verify'
import { parseAddress } from '../../src/policy/address'

/** CHECK on a table that changes while it is read. */

const wanted: Wanted = {
  attachment: { containerID: 'c1', ifname: 'eth0', network: 'cbr0', pod: '', namespace: '' },
  addresses: [parseAddress('10.244.1.7')],
  policy: { families: {}, pinExemptions: false, outInterfaces: [], toPorts: [], fullyRandom: true },
  setting: 'nftables',
}

const hook = ['type nat hook postrouting priority srcnat - 1', 'policy accept']

/** A table whose base chain has these lines at each look. */
function carrierOf(looks: readonly (readonly string[])[]): Carrier & { looked: number } {
  const carrier = {
    looked: 0,
    run: () => ({ ok: true, value: undefined }) as const,
    lookUp: (keys: readonly unknown[]) => ({ ok: true, value: keys.map(() => undefined) }) as const,
    readLayout: () => ({ ok: true, value: { isCurrent: true, hasMark: false } }) as const,
    readStructure() {
      const lines = looks[Math.min(carrier.looked++, looks.length - 1)] ?? []
      const map = (name: string, type: string, ...more: string[]) => ({
        head: `map ${name}`,
        statements: [`type ${type}`, ...more],
        blocks: [],
      })
      const blocks = [
        map('owners', 'ipv6_addr : ipv6_addr'),
        map('pods-ip', 'ipv4_addr : verdict'),
        map('pods-ip6', 'ipv6_addr : verdict'),
        map('attachments', 'ipv6_addr : ipv6_addr', 'flags timeout'),
        { head: 'chain layout-3', statements: [], blocks: [] },
        { head: 'chain nat-postrouting', statements: [...hook, ...lines], blocks: [] },
      ]
      return {
        ok: true,
        value: { ...NO_TABLE, table: { head: 'table inet ip-masq', statements: [], blocks } },
      } as const
    },
    readTable: () => ({ ok: true, value: NO_TABLE }) as const,
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
