import type { Namespace } from '../test/lab/namespace'
import { configWith, EXECUTABLES } from '../test/lab/plugin'
import { call, callAtOnce, timeProcess } from './calls'
import { median, type Row } from './report'

/** What netlink is for: others' large sets cost a call nothing, nor do many calls at once. */

const PREFIXES = 50_000
const PARALLEL = 100

/** An ADD beside a geo-block set of somebody else's, and without; by each carrier. */
export async function benchForeign(
  [beside, alone]: readonly [Namespace, Namespace],
  rounds: number,
): Promise<Row[]> {
  const elements = Array.from(
    { length: PREFIXES },
    (_, i) => `${20 + (i >> 15)}.${(i >> 7) & 255}.${(i & 127) * 2}.0/24`,
  )
  const script = `add table ip geo\nadd set ip geo block { type ipv4_addr; flags interval; }\nadd element ip geo block { ${elements.join(', ')} }`
  timeProcess(beside.path, ['nft', '-f', '-'], script)
  const samples: Record<string, number[]> = {}
  for (let round = -1; round < rounds; round++) {
    for (const carrier of ['netlink', 'nft']) {
      for (const [where, node] of [['beside', beside] as const, ['alone', alone] as const]) {
        const pod = { executable: EXECUTABLES.native, config: configWith(['10.244.1.7/24'], { carrier }) }
        const { milliseconds } = call(node.path, { ...pod, command: 'ADD' })
        call(node.path, { ...pod, command: 'DEL' })
        const key = `${carrier} ${where}`
        if (round >= 0) samples[key] = [...(samples[key] ?? []), milliseconds]
      }
    }
  }
  const of = (key: string) => median(samples[key] ?? [])
  return ['netlink', 'nft'].map((carrier) => ({
    what: `ADD beside a foreign set of ${PREFIXES} prefixes, ${carrier}`,
    n: 1,
    unit: 'ms',
    own: of(`${carrier} beside`),
    against: 'without it',
    other: of(`${carrier} alone`),
    ...(carrier === 'netlink' && { limit: 1.1 }),
  }))
}

/** All of them from the first start to the last end. */
export function benchParallel(node: Namespace, rounds: number): Row {
  const executable = EXECUTABLES.native
  call(node.path, { executable, command: 'ADD', config: configWith(['10.9.0.1/16']) })
  const configs = Array.from({ length: PARALLEL }, (_, i) => configWith([`10.244.9.${i + 1}/16`]))
  const samples: number[] = []
  for (let round = 0; round < rounds; round++) {
    samples.push(
      callAtOnce(node.path, { executable, command: 'ADD', config: undefined }, configs).milliseconds,
    )
    callAtOnce(node.path, { executable, command: 'DEL', config: undefined }, configs)
  }
  return {
    what: `${PARALLEL} ADDs at once`,
    n: 1,
    unit: 'ms',
    own: median(samples),
    against: 'the limit',
    other: 600,
    limit: 1,
  }
}
