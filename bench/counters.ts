import type { Namespace } from '../test/lab/namespace'
import { configWith, EXECUTABLES } from '../test/lab/plugin'
import { call } from './calls'
import { createPath } from './path'
import { createSamples, type Row } from './report'
import { timeNewFlows } from './stopwatch'

const FLOWS = 2_000

/** 10.0.0.0/8 is exempt by default. */
const DESTINATIONS = { masqueraded: '203.0.113', exempt: '10.1.2' } as const

/**
 * What a counter in each rule of a policy would cost a new flow. The policies have none; this is why. Two paths without counters show
 * how far two equal ones differ.
 */
export async function benchCounters(rounds: number): Promise<Row[]> {
  const made: Namespace[] = []
  const paths: { label: string; pod: Namespace }[] = []
  for (const label of ['plain', 'again', 'counting']) {
    const { node, pod, sink } = await createPath(label)
    made.push(node, pod, sink)
    call(node.path, { executable: EXECUTABLES.native, command: 'ADD', config: configWith(['10.244.1.7/24']) })
    if (label === 'counting') await node.sh(COUNT)
    paths.push({ label, pod })
  }
  const samples = createSamples()
  for (let round = -2; round < rounds; round++) {
    for (const [kind, network] of Object.entries(DESTINATIONS)) {
      for (const { label, pod } of paths) {
        const microseconds = timeNewFlows(pod.path, `${network}.${(round % 200) + 10}`, FLOWS)
        if (round >= 0) samples.add(`${label} ${kind}`, microseconds)
      }
    }
  }
  await Promise.all(made.map((namespace) => namespace.delete()))
  const of = samples.median
  return Object.keys(DESTINATIONS).flatMap((kind): Row[] => {
    const row = { what: `new flow, ${kind}`, n: 0, unit: 'us', other: of(`plain ${kind}`) } as const
    return [
      { ...row, own: of(`counting ${kind}`), against: 'without counters' },
      { ...row, own: of(`again ${kind}`), against: 'the same again' },
    ]
  })
}

/** Every rule of the policy that decides counts first. */
const COUNT = String.raw`policy=$(nft list table inet ip-masq | grep -o 'policy-[0-9a-f]*' | head -1)
rules=$(nft list chain inet ip-masq $policy | sed -n 's/ return/ counter return/p; s/\tmasquerade/\tcounter masquerade/p')
printf 'flush chain inet ip-masq %s\ntable inet ip-masq { chain %s {\n%s\n}\n}\n' $policy $policy "$rules" | nft -f -
test $(nft list chain inet ip-masq $policy | grep -c 'counter packets') = 3`
