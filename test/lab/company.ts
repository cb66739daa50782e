import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { firewall } from './firewall'
import type { Namespace } from './namespace'
import { EXECUTABLES, resultWith } from './plugin'

/**
 * Many pods come and go in each other's company: DELs of all kinds, 64 processes at a time, with the ADDs of other pods in
 * between. It found what a walk through `owners` misses while the kernel resizes the hash table.
 */

const RUNNER = fileURLToPath(new URL('company-calls.mjs', import.meta.url))
const PARALLEL = 64

interface Call {
  readonly command: 'ADD' | 'DEL'
  readonly containerID: string
  readonly netns: string
  readonly config: Record<string, unknown>
}

/** A process that did not end with 0, or said something. */
export interface OddReply {
  readonly command: string
  readonly containerID: string
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Company {
  readonly odd: readonly OddReply[]
  /** Attachment by address, as they should be afterwards. */
  readonly expected: Readonly<Record<string, string>>
}

/** Address number `i`; every third pod has an IPv6 address too. */
function addressesOf(i: number): string[] {
  const ipv4 = `10.${64 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}/8`
  return i % 3 === 0 ? [ipv4, `fd00::${(i + 1).toString(16)}/64`] : [ipv4]
}

function caller(netns: string) {
  const plugin = {
    cniVersion: '1.0.0',
    name: 'cbr0',
    type: 'ip-masq',
    nonMasqueradeCIDRs: ['10.0.0.0/8', 'fc00::/7'],
  }
  return (command: Call['command'], containerID: string, addresses: readonly string[] = []): Call => ({
    command,
    containerID,
    netns,
    config: {
      ...plugin,
      ...firewall.keys,
      ...(addresses.length > 0 && { prevResult: resultWith(addresses) }),
    },
  })
}

/** The DELs of pod `i`, of the kind that its number says; `other`: a pod that has got its address meanwhile. */
function delsOf(call: ReturnType<typeof caller>, i: number): Call[] {
  const [id, addresses] = [`dead${i}`, addressesOf(i)]
  switch (i % 5) {
    case 0:
      return [call('DEL', id)]
    case 1:
      return [call('DEL', id, addresses)]
    case 2:
      // As containerd sends them.
      return [call('DEL', id, addresses), call('DEL', id)]
    case 3:
      return [call('DEL', id), call('DEL', id)]
    default:
      // The result of the whole chain has an address that our ADD did not see.
      return [call('DEL', id, [...addresses, `172.16.${(i >> 8) & 255}.${i & 255}/8`])]
  }
}

export async function keepCompany(
  node: Namespace,
  { pods, environment }: { readonly pods: number; readonly environment: Readonly<Record<string, string>> },
): Promise<Company> {
  const call = caller(node.path)
  const all = Array.from({ length: pods }, (_, i) => i)
  const odd: OddReply[] = []
  const run = async (calls: readonly Call[]) => {
    const input = JSON.stringify({
      executable: EXECUTABLES.native,
      parallel: PARALLEL,
      environment: { PATH: process.env.PATH, ...environment },
      calls,
    })
    const args = ['netns', 'exec', node.name, process.execPath, RUNNER]
    const { stdout } = await execa('ip', args, { input })
    odd.push(...JSON.parse(stdout))
  }
  await run(all.map((i) => call('ADD', `dead${i}`, addressesOf(i))))
  // One address in ten goes to another pod before the DEL of the one that had it: that DEL is late.
  const heirs = all.filter((i) => i % 10 === 7)
  await run(heirs.map((i) => call('ADD', `heir${i}`, addressesOf(i))))
  const others = all.map((i) => i + pods)
  const mixed = all.flatMap((i) => {
    const other = others[i] ?? 0
    return [...delsOf(call, i), ...(i % 2 === 0 ? [call('ADD', `live${other}`, addressesOf(other))] : [])]
  })
  await run(mixed)
  const living = [
    ...heirs.map((i) => [`heir${i}`, addressesOf(i)] as const),
    ...others.filter((_, i) => i % 2 === 0).map((i) => [`live${i}`, addressesOf(i)] as const),
  ]
  const expected = living.flatMap(([id, addresses]) =>
    addresses.map((address) => [address.replace(/\/.*/, ''), id] as const),
  )
  return { odd, expected: Object.fromEntries(expected) }
}
