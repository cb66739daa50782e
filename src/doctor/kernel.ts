import type { BaseChain } from '../backend/nftables/base-chain'
import type { Failure } from '../backend/nftables/carrier'
import { type Finding, note, ok, unseen, warning } from './finding'
import { type ModuleLists, presenceOf } from './modules'

/** The parts of the kernel that our rules need. Nothing is asked that would make it load a module. */

/** The answer of nf_tables, or why it was not asked. */
export type Netfilter =
  | { readonly is: 'asked'; readonly by: 'netlink' | 'nft'; readonly chains: readonly BaseChain[] }
  | { readonly is: 'refused'; readonly failure: Failure; readonly said: string }
  /** nf_tables is not loaded, and a question would load it. */
  | { readonly is: 'not asked' }

export interface Kernel {
  /** `6.1.0-28-amd64` */
  readonly release: string
  readonly modules: ModuleLists
  readonly netfilter: Netfilter
}

/** The first with NAT in the family inet. Kernels from 5.4 on were tried (docs/how-it-works.md has the list). */
const OLDEST = [5, 2] as const

export function checkRelease(release: string): readonly Finding[] {
  const check = 'kernel-version'
  const isOld = isOlder(release)
  if (isOld === undefined)
    return [unseen(check, { what: "Cannot read the kernel's version", mend: 'mount /proc' })]
  if (!isOld) return [ok(check, `Linux ${release}`)]
  return [
    note(check, `Linux ${release} is older than ${OLDEST.join('.')}, the first with NAT in the family inet`, {
      why: 'the distribution may have updated its nf_tables; otherwise ADDs use iptables by themselves',
      mend: 'upgrade the kernel, or write "backend": "iptables" into the conflist',
    }),
  ]
}

function isOlder(release: string): boolean | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? []
  if (major === undefined) return undefined
  return Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1])
}

export function checkNetfilter({ netfilter, modules }: Kernel): readonly Finding[] {
  const check = 'nf-tables'
  switch (netfilter.is) {
    case 'asked':
      return [ok(check, `nf_tables answers (by ${netfilter.by})`)]
    case 'not asked':
      return [
        note(check, 'nf_tables is not loaded', {
          why: 'so there are no rules yet. The first ADD loads it; doctor does not, because it changes nothing',
        }),
      ]
    case 'refused': {
      const { failure, said } = netfilter
      // The check of privileges reports that we may not ask.
      if (failure === 'denied') return []
      const what = `nf_tables does not answer: ${said}`
      const isAbsent =
        failure === 'unsupported' || failure === 'unusable' || presenceOf('nf_tables', modules) === 'absent'
      if (isAbsent)
        return [
          note(check, what, {
            why: 'ADDs use iptables instead',
            mend: 'install nftables; modprobe nf_tables',
          }),
        ]
      return [
        unseen(check, {
          what,
          mend: 'run ip-masq doctor again; nft list tables shows whether others get an answer',
        }),
      ]
    }
    default:
      return netfilter satisfies never
  }
}

/** The modules for a masquerade of both families in one table. Such a table has the family inet, from 5.2 on. */
const NEEDED = ['nft_chain_nat', 'nft_masq', 'nf_conntrack'] as const

/** Where our chain is hooked, the kernel has shown what it can do. */
function isHooked({ netfilter }: Kernel): boolean {
  const chains = netfilter.is === 'asked' ? netfilter.chains : []
  return chains.some(({ table, type }) => table === 'ip-masq' && type === 'nat')
}

/** The modules without which the kernel refuses our rules of nftables. */
export function absentForNat(kernel: Kernel): readonly string[] {
  if (isHooked(kernel)) return []
  return NEEDED.filter((name) => presenceOf(name, kernel.modules) === 'absent')
}

export function checkNat(kernel: Kernel): readonly Finding[] {
  const check = 'kernel-nat'
  if (isHooked(kernel)) return [ok(check, 'the kernel does NAT in the family inet: our chain is hooked')]
  const absent = absentForNat(kernel)
  // An older kernel has no such module, in no package: `checkRelease` reports that.
  if (absent.length === 0 || isOlder(kernel.release)) return []
  return [
    warning(check, {
      what: `this kernel has no ${absent.join(', ')}`,
      why: 'the kernel refuses our rules in nftables; ADDs use iptables if that works',
      mend: "install the kernel's package of modules (linux-modules-extra, kernel-modules-extra), or another kernel",
    }),
  ]
}
