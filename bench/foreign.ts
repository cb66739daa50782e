import { createNamespace } from '../test/lab/namespace'
import { configWith, EXECUTABLES } from '../test/lab/plugin'
import { call, timeProcess } from './calls'
import { median, type Row } from './report'

/** What netlink is for: others' large sets cost a call nothing. */

const PREFIXES = 50_000

/** An ADD beside a geo-block set of somebody else's, and without; by each carrier. */
export async function benchForeign(rounds: number): Promise<Row[]> {
  const [beside, alone] = [await createNamespace('beside'), await createNamespace('alone')]
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
        const config = configWith(['10.244.1.7/24'], { carrier })
        const pod = { executable: EXECUTABLES.native, config, containerID: `${carrier}${round}` }
        const { milliseconds } = call(node.path, { ...pod, command: 'ADD' })
        call(node.path, { ...pod, command: 'DEL' })
        const key = `${carrier} ${where}`
        if (round >= 0) samples[key] = [...(samples[key] ?? []), milliseconds]
      }
    }
  }
  await Promise.all([beside, alone].map((namespace) => namespace.delete()))
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
