import { type Address, isSameAddress } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import type { Row } from './row'

/** What an operator asked for. An empty filter means everything. */
export interface Filter {
  /** `namespace/name` */
  readonly pods: readonly string[]
  readonly addresses: readonly Address[]
  readonly networks: readonly string[]
}

export interface Filtered {
  readonly rows: readonly Row[]
  /** What was asked for and is not here, one line each. */
  readonly absent: readonly string[]
}

/** Selects the rows that match one value of each option that was given. */
export function filterRows(rows: readonly Row[], { pods, addresses, networks }: Filter): Filtered {
  const tests = [
    ...pods.map((pod) => ({
      what: `pod ${pod}`,
      matches: ({ names }: Row) => names.pod === pod,
      kind: 'pod',
    })),
    ...addresses.map((address) => ({
      what: `address ${formatAddress(address)}`,
      matches: (row: Row) => row.addresses.some((own) => isSameAddress(own, address)),
      kind: 'address',
    })),
    ...networks.map((network) => ({
      what: `network ${network}`,
      matches: ({ names }: Row) => names.network === network,
      kind: 'network',
    })),
  ]
  if (tests.length === 0) return { rows, absent: [] }
  const kinds = [...new Set(tests.map(({ kind }) => kind))]
  const found = rows.filter((row) =>
    kinds.every((kind) => tests.some((test) => test.kind === kind && test.matches(row))),
  )
  const absent = tests.flatMap(({ what, matches }) =>
    rows.some(matches) ? [] : [`no attachment here has the ${what}`],
  )
  const isNone = found.length === 0 && absent.length === 0
  return { rows: found, absent: isNone ? ['no attachment here has all of these'] : absent }
}
