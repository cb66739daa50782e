import { MalformedError } from './address-text'

/** Source ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

/**
 * Parses `1024-29999,32768-65535`, as in ip-masq-agent's `--to-ports`; a single port is a range of one. The result is in
 * order, and ranges that touch are joined: together they would be drawn with the same probability.
 */
export function parsePorts(text: string): PortRange[] {
  const ranges = text.split(',').map(parseRange)
  ranges.sort((a, b) => a.first - b.first)
  const merged: PortRange[] = []
  for (const range of ranges) {
    const previous = merged.at(-1)
    if (previous && range.first <= previous.last) {
      const [one, other] = [previous, range].map(formatPorts)
      throw new MalformedError(`write each port once; ${one} and ${other} overlap`)
    }
    if (previous && range.first === previous.last + 1) merged.splice(-1, 1, { ...previous, last: range.last })
    else merged.push(range)
  }
  return merged
}

const ADVICE = 'write ports or ranges of ports, as in "1024-29999,32768-65535"'

function parseRange(text: string): PortRange {
  const [, start, end = start] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  if (start === undefined) throw new MalformedError(ADVICE)
  const [first, last] = [Number(start), Number(end)]
  if (first < 1 || last > 65535) throw new MalformedError('write ports from 1 to 65535')
  if (first > last) throw new MalformedError(`write the lower port first, as in "${last}-${first}"`)
  return { first, last }
}

export function formatPorts({ first, last }: PortRange): string {
  return first === last ? `${first}` : `${first}-${last}`
}

export function countPorts(ranges: readonly PortRange[]): number {
  let count = 0
  for (const { first, last } of ranges) count += last - first + 1
  return count
}
