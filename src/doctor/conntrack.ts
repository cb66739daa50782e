import { readSystemFile } from '#system/proc'
import type { Counters } from './counters'
import { error, type Finding, note, ok, warning } from './finding'

/** The table of connections. Every masqueraded connection has an entry in it. */

export interface TableSize {
  readonly count: number
  readonly max: number
}

/** Undefined if the kernel tracks no connections. */
export function readTableSize(): TableSize | undefined {
  const number = (name: string) => {
    const text = readSystemFile(`/proc/sys/net/netfilter/nf_conntrack_${name}`)?.trim()
    return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text)
  }
  const [count, max] = [number('count'), number('max')]
  return count === undefined || max === undefined ? undefined : { count, max }
}

const NEARLY_FULL = 0.8
const FULL = 0.95

export function checkTableSize(size: TableSize | undefined): readonly Finding[] {
  const check = 'conntrack-table'
  if (size === undefined)
    return [
      note(check, 'the kernel tracks no connections yet', {
        why: 'the first rule of a NAT loads nf_conntrack',
      }),
    ]
  const { count, max } = size
  // The kernel takes 0 for no limit.
  const share = max === 0 ? 0 : count / max
  const what = `${count} of ${max} connections are tracked`
  if (share < NEARLY_FULL) return [ok(check, what)]
  return [
    (share < FULL ? warning : error)(check, {
      what,
      why: 'when the table is full, the first packet of every new connection is dropped (dmesg: "nf_conntrack: table full, dropping packet")',
      mend: `sysctl -w net.netfilter.nf_conntrack_max=${2 * max}, and the same in a file in /etc/sysctl.d; conntrack -S shows what is dropped`,
    }),
  ]
}

/** The counters for lost packets of new connections, and the meaning of each. */
const LOSSES = [
  {
    name: 'insert_failed',
    means: 'another connection had the same addresses and ports by then, or no source port was free',
  },
  { name: 'drop', means: 'the packet was dropped for that reason, or because the table was full' },
  { name: 'early_drop', means: 'another connection was forgotten to make room' },
] as const

/** Two readings of the same counters, some time apart. They show whether the counters grow now. */
export interface Readings {
  readonly before: Counters | undefined
  readonly after: Counters | undefined
}

export function checkLosses({ before, after }: Readings): readonly Finding[] {
  const check = 'conntrack-losses'
  if (after === undefined)
    return [
      note(check, 'the counters of conntrack cannot be read', {
        why: 'there is no /proc/net/stat/nf_conntrack, and the kernel does not answer by netlink: whether packets were lost is not known',
        mend: 'conntrack -S may show them',
      }),
    ]
  const lost = LOSSES.flatMap(({ name, means }) => {
    const total = after.get(name) ?? 0
    return total === 0 ? [] : [{ name, means, total, more: total - (before?.get(name) ?? total) }]
  })
  if (lost.length === 0) return [ok(check, 'conntrack has lost no packet of a new connection')]
  const counts = lost.map(
    ({ name, total, more }) => `${name} ${total}${more > 0 ? `, ${more} of them while this ran` : ''}`,
  )
  const why = `packets of new connections were lost: ${lost.map(({ name, means }) => `${name}: ${means}`).join('; ')}`
  const mend =
    'run conntrack -S again and again to see whether they grow; "randomFully" (the default) and more addresses in "snatTo" make this rarer'
  if (lost.every(({ more }) => more === 0))
    return [note(check, `conntrack has lost packets since the boot: ${counts.join('; ')}`, { why, mend })]
  return [warning(check, { what: `conntrack loses packets now: ${counts.join('; ')}`, why, mend })]
}
