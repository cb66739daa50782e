import { describe, expect, test } from 'vitest'
import type { BaseChain } from '../../../src/backend/nftables/base-chain'
import { parseBaseChains } from '../../../src/backend/nftables/text/base-chains'
import { checkHooks } from '../../../src/doctor/hooks'
import { checkNat, checkNetfilter, checkRelease, type Netfilter } from '../../../src/doctor/kernel'
import { type ModuleLists, mayAsk, type Presence, presenceOf } from '../../../src/doctor/modules'
import { checkPrivileges } from '../../../src/doctor/privileges'

/** Checks of what the kernel has, without a kernel that has it. */

const LISTS: ModuleLists = {
  loaded: 'nf_tables 376832 12 nft_masq, Live 0x0\nnft_nat_helper 16384 0 - Live 0x0\n',
  builtIn: 'kernel/net/netfilter/nfnetlink.ko\n',
  loadable: () =>
    'kernel/net/netfilter/nft_masq.ko.zst: kernel/net/netfilter/nf_nat.ko.zst\nkernel/fs/xfs/xfs.ko:\nextra/my_nft_nat.ko:\n',
}

describe('a module', () => {
  test.each<[string, ModuleLists, Presence]>([
    ['nf_tables', LISTS, 'loaded'],
    ['nfnetlink', LISTS, 'built in'],
    ['nft_masq', LISTS, 'loadable'],
    ['nft_nat', LISTS, 'absent'],
    ['nft_nat', { ...LISTS, builtIn: undefined, loadable: () => undefined }, 'unknown'],
    ['nf_tables', { ...LISTS, loaded: undefined }, 'unknown'],
  ])('%s is %s: %s', (name, lists, presence) => {
    expect(presenceOf(name, lists)).toBe(presence)
  })

  test.each<[Presence, boolean]>([
    ['loaded', true],
    ['built in', true],
    ['absent', true],
    ['unknown', true],
    ['loadable', false],
  ])('that is %s may be asked: %s', (presence, is) => {
    expect(mayAsk(presence)).toBe(is)
  })
})

test.each([
  ['6.1.0-28-amd64', 'ok', 'Linux 6.1.0-28-amd64'],
  ['5.2.0', 'ok', 'Linux 5.2.0'],
  ['5.1.21-generic', 'note', 'Linux 5.1.21-generic is older than 5.2, the first with NAT in the family inet'],
  ['4.18.0-553.el8', 'note', 'Linux 4.18.0-553.el8 is older than 5.2, the first with NAT in the family inet'],
  ['', 'unseen', "Cannot read the kernel's version"],
])('the release %j', (release, level, what) => {
  expect(checkRelease(release)).toMatchObject([{ check: 'kernel-version', level, what }])
})

const chain = (table: string, name: string, priority: number): BaseChain => ({
  ...{ family: table === 'ip-masq' ? 'inet' : 'ip', table, name, type: 'nat', hook: 'postrouting', priority },
})
const OURS = chain('ip-masq', 'nat-postrouting', 99)
const asked = (...chains: BaseChain[]): Netfilter => ({ is: 'asked', by: 'netlink', chains })
const kernelWith = (netfilter: Netfilter, modules = LISTS) => ({ release: '6.1.0', netfilter, modules })

describe('nf_tables', () => {
  const refused = (failure: 'unsupported' | 'unknown' | 'denied') =>
    ({ is: 'refused', failure, said: 'it said so' }) as const

  test.each<[Netfilter, unknown[]]>([
    [asked(), [{ check: 'nf-tables', level: 'ok', what: 'nf_tables answers (by netlink)' }]],
    [
      { is: 'not asked' },
      [
        {
          check: 'nf-tables',
          level: 'note',
          what: 'nf_tables is not loaded',
          why: 'so there are no rules yet. The first ADD loads it; doctor does not, because it changes nothing',
        },
      ],
    ],
    [
      refused('unsupported'),
      [
        {
          check: 'nf-tables',
          level: 'note',
          what: 'nf_tables does not answer: it said so',
          why: 'ADDs use iptables instead',
          mend: 'install nftables; modprobe nf_tables',
        },
      ],
    ],
    [
      refused('unknown'),
      [
        {
          check: 'nf-tables',
          level: 'unseen',
          what: 'nf_tables does not answer: it said so',
          mend: 'run ip-masq doctor again; nft list tables shows whether others get an answer',
        },
      ],
    ],
    [refused('denied'), []],
  ])('%j', (netfilter, findings) => {
    expect(checkNetfilter(kernelWith(netfilter))).toEqual(findings)
  })
})

describe('NAT in the family inet', () => {
  test('is proven by our chain', () => {
    expect(checkNat(kernelWith(asked(OURS), { ...LISTS, loadable: () => '' }))).toEqual([
      {
        check: 'kernel-nat',
        level: 'ok',
        what: 'the kernel does NAT in the family inet: our chain is hooked',
      },
    ])
  })

  test('is missed where no module has it', () => {
    expect(checkNat(kernelWith(asked()))).toEqual([
      {
        check: 'kernel-nat',
        level: 'warning',
        what: 'this kernel has no nft_chain_nat, nf_conntrack',
        why: 'the kernel refuses our rules in nftables; ADDs use iptables if that works',
        mend: "install the kernel's package of modules (linux-modules-extra, kernel-modules-extra), or another kernel",
      },
    ])
  })

  test('is not missed on a kernel for which there is no such module: its age is reported', () => {
    expect(checkNat({ ...kernelWith(asked()), release: '4.18.0-13-generic' })).toEqual([])
  })

  test('is not missed where nobody lists modules', () => {
    expect(checkNat(kernelWith(asked(), { ...LISTS, loaded: undefined }))).toEqual([])
  })
})

describe('the order of source NAT', () => {
  test('our chain before the others', () => {
    expect(checkHooks([chain('nat', 'POSTROUTING', 100), OURS])).toEqual([
      {
        check: 'postrouting-order',
        level: 'ok',
        what: 'our chain comes first (priority 99); after it: ip nat POSTROUTING (100)',
      },
    ])
    expect(checkHooks([OURS])).toMatchObject([
      { what: 'our chain comes first (priority 99); after it: no other source NAT in nf_tables' },
    ])
  })

  test('others before ours, or together with it', () => {
    expect(
      checkHooks([chain('vpn', 'out', -5), OURS, chain('lab', 'masq', 99), chain('late', 'masq', 101)]),
    ).toEqual([
      {
        check: 'postrouting-order',
        level: 'warning',
        what: 'ip vpn out (-5), ip lab masq (99) come before our chain, or together with it (priority 99)',
        why: "the first chain that translates a packet decides: where one of these masquerades, exempt destinations see the node's address",
        mend: 'look at their rules: nft list chain ip vpn out; nft list chain ip lab masq',
      },
    ])
  })

  test('other hooks and other types of chains do not count, and without our chain nothing is said', () => {
    const filter = { ...chain('fw', 'post', 0), type: 'filter' }
    const incoming = { ...chain('nat', 'PREROUTING', -100), hook: 'prerouting' }
    expect(checkHooks([filter, incoming, OURS])).toMatchObject([{ level: 'ok' }])
    expect(checkHooks([chain('vpn', 'out', 50)])).toEqual([])
  })

  test('as nft lists chains', () => {
    const listing = `table ip nat {
	chain POSTROUTING {
		type nat hook postrouting priority 100; policy accept;
	}
	chain KUBE-MARK-MASQ {
	}
}
table netdev edge {
	chain in {
		type filter hook ingress device "eth0" priority -500; policy accept;
	}
}
`
    expect(parseBaseChains(listing)).toEqual([
      { family: 'ip', table: 'nat', name: 'POSTROUTING', type: 'nat', hook: 'postrouting', priority: 100 },
      { family: 'netdev', table: 'edge', name: 'in', type: 'filter', hook: 'ingress', priority: -500 },
    ])
  })
})

describe('privileges', () => {
  const bits = (...numbers: bigint[]) => numbers.reduce((sum, bit) => sum | (1n << bit), 0n)
  const [admin, raw] = [12n, 13n]

  test.each([
    [
      { user: 0, effective: bits(admin), hasLegacyNat: false },
      'ok',
      'runs as user 0 with CAP_NET_ADMIN',
      undefined,
    ],
    [
      { user: 0, effective: bits(admin, raw), hasLegacyNat: true },
      'ok',
      'runs as user 0 with CAP_NET_ADMIN and CAP_NET_RAW',
      undefined,
    ],
    [
      { user: 0, effective: undefined, hasLegacyNat: false },
      'ok',
      'runs as user 0 with CAP_NET_ADMIN',
      undefined,
    ],
    [
      { user: 0, effective: bits(admin), hasLegacyNat: true },
      'unseen',
      'Cannot look at the rules of iptables-legacy: user 0 has no CAP_NET_RAW',
      'add CAP_NET_RAW to what started ip-masq (its container, its unit)',
    ],
    [
      { user: 1000, effective: 0n, hasLegacyNat: true },
      'unseen',
      'Cannot look at firewall rules: user 1000 has no CAP_NET_ADMIN and CAP_NET_RAW',
      'run ip-masq doctor as root',
    ],
  ])('case %#', (privileges, level, what, mend) => {
    expect(checkPrivileges(privileges)).toEqual([
      { check: 'privileges', level, what, ...(mend !== undefined && { mend }) },
    ])
  })
})
