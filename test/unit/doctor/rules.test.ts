import { describe, expect, test } from 'vitest'
import type { Wanted } from '../../../src/backend/backend'
import { checkAsCheck } from '../../../src/doctor/as-check'
import { checkBackends } from '../../../src/doctor/backends'
import { checkCaches } from '../../../src/doctor/caches'
import { checkDrift } from '../../../src/doctor/drift'
import { checkUnasked } from '../../../src/doctor/rules'
import { checkPrimaryRules, checkStale } from '../../../src/doctor/stale'
import { checkSync } from '../../../src/doctor/unfinished'
import { parseAddress } from '../../../src/policy/address-text'
import type { PruneReport } from '../../../src/sync/prune'
import type { SyncReport } from '../../../src/sync/sync'

const policy = { families: {}, toPorts: [], outInterfaces: [], fullyRandom: true, pinExemptions: false }
const attachment = (containerID: string) => ({
  ...{ network: 'pods', containerID, ifname: 'eth0', pod: `shop/${containerID}`, namespace: 'shop' },
})
const wanted = (containerID: string, more: Partial<Wanted> = {}): Wanted => ({
  ...{ attachment: attachment(containerID), addresses: [parseAddress('10.244.1.7')] },
  ...{ policy, backend: 'auto', ...more },
})
const change = (containerID: string, what: 'restored' | 'changed', ...addresses: string[]) => ({
  ...{ attachment: attachment(containerID), what, addresses: addresses.map((one) => parseAddress(one)) },
})

describe('what a sync would change', () => {
  const NOTHING = { changes: [], repairs: [], held: [], wanted: [wanted('a')] }

  test('nothing', () => {
    expect(checkDrift(NOTHING)).toEqual([
      { check: 'drift', level: 'ok', what: '1 attachment has the rules that the conflists ask for' },
    ])
    expect(checkDrift({ ...NOTHING, wanted: [wanted('a'), wanted('b')] })).toMatchObject([
      { what: '2 attachments have the rules that the conflists ask for' },
    ])
    expect(checkDrift({ ...NOTHING, wanted: [] })).toMatchObject([
      { level: 'ok', what: 'there is no attachment here that should have rules' },
    ])
  })

  test('everything', () => {
    const report = {
      changes: [
        change('a', 'restored', '10.244.1.7', 'fd00::7'),
        ...['b', 'c', 'd', 'e'].map((name) => change(name, 'changed', '10.244.1.8')),
      ],
      repairs: ['table inet ip-masq: missing'],
      held: [{ attachment: attachment('f'), address: parseAddress('10.244.1.9'), holder: 'x eth0' }],
      wanted: [wanted('a')],
    }
    const mend = 'ip-masq sync; ip-masq sync --dry-run shows each change'
    expect(checkDrift(report)).toEqual([
      {
        check: 'drift',
        level: 'error',
        what: '1 attachment lacks rules: shop/a (a eth0, network pods) with 10.244.1.7 and fd00::7',
        why: 'their packets leave the node with their own address, and get no answer',
        mend,
      },
      {
        check: 'drift',
        level: 'warning',
        what: '4 attachments have other rules than the conflist asks for now: shop/b (b eth0, network pods) with 10.244.1.8, shop/c (c eth0, network pods) with 10.244.1.8, shop/d (d eth0, network pods) with 10.244.1.8 and 1 more',
        why: 'their new connections follow an older conflist',
        mend,
      },
      {
        check: 'drift',
        level: 'error',
        what: 'the chains and maps that all pods share are not as they should be: table inet ip-masq: missing',
        why: 'pods may be without rules, or with others than the conflist asks for',
        mend,
      },
      {
        check: 'drift',
        level: 'warning',
        what: 'another attachment has the rules of an address that a result cache has: 10.244.1.9 of shop/f (f eth0, network pods), held by x eth0',
        why: 'one of the two is gone, or two pods have one address',
        mend: 'ip-masq gc; ip-masq gc --dry-run shows what goes',
      },
    ])
  })

  test('a table that no pod needs is no finding', () => {
    expect(checkDrift({ ...NOTHING, repairs: ['table inet ip-masq: missing'], wanted: [] })).toMatchObject([
      { level: 'ok' },
    ])
  })

  const CACHE = { places: [], absent: [], lines: [] }
  test.each([
    [0, false, 'ok', 'there is no attachment here that should have rules, and none has any'],
    [1, false, 'error', '1 attachment has no rules: nf_tables is not loaded'],
    [2, false, 'error', '2 attachments have no rules: nf_tables is not loaded'],
    [
      2,
      true,
      'unseen',
      'Cannot compare the rules with what the conflists ask for: to ask nf_tables would load it',
    ],
  ])('where nf_tables is not loaded, for %d with legacy tables: %s', (count, hasLegacyNat, level, what) => {
    const rules = { wanted: count, families: new Set<'ip'>(), cache: CACHE }
    expect(checkUnasked(rules, hasLegacyNat)).toMatchObject([{ check: 'drift', level, what }])
  })
})

const PRUNED: PruneReport = {
  ...{ removed: [], policies: [], failures: [], known: [], kept: [], absent: [], doubt: undefined },
}
const listed = (id: string) => ({ id, addresses: [parseAddress('10.244.1.7')] })

describe('stale rules', () => {
  test('none', () => {
    const alive = { listed: listed('a'), verdict: { is: 'alive', because: 'it lives' } } as const
    expect(checkStale({ ...PRUNED, kept: [alive] })).toEqual([])
    expect(checkPrimaryRules({ removed: [], kept: [], failures: [], problems: [] })).toEqual([])
  })

  test('of attachments that are gone, or may be, and of no pod at all', () => {
    const unknown = {
      listed: listed('b'),
      verdict: { is: 'unknown', because: 'there is no result cache' },
    } as const
    expect(
      checkStale({ ...PRUNED, removed: [listed('a')], kept: [unknown], policies: ['policy-1'] }),
    ).toEqual([
      {
        check: 'stale-rules',
        level: 'warning',
        what: 'there are rules of 1 attachment that is proven to be gone: (attachment a)',
        why: 'a pod that gets such an address without an ADD of ip-masq is masqueraded too',
        mend: 'ip-masq gc',
      },
      {
        check: 'stale-rules',
        level: 'warning',
        what: 'nothing shows whether 1 attachment is gone: (attachment b), because there is no result cache',
        why: 'no result cache has them, so their rules stay',
        mend: 'ip-masq gc --address ADDRESS removes the rules of one that you know to be gone',
      },
      { check: 'stale-rules', level: 'note', what: 'no pod has policy-1', mend: 'ip-masq gc' },
    ])
  })
})

describe('what a sync cannot do', () => {
  const report = (more: Partial<SyncReport>): SyncReport => ({
    ...{ changes: [], held: [], repairs: [], unrepaired: [], script: '', found: 0, wanted: [], ownLists: [] },
    ...{ places: [], isCacheMissing: false, isCacheAbsent: false, files: [], pruned: PRUNED },
    ...{ primary: { removed: [], kept: [], failures: [], problems: [] }, isUncertain: false },
    ...{ warnings: [], errors: [], ...more },
  })

  test('is an error, a warning of no consequence is a note, and what others report is left out', () => {
    const found = report({
      errors: ['chain early: unexpected base chain', 'known'],
      warnings: ['old key', 'known'],
    })
    expect(checkSync(found, new Set(['known']))).toEqual([
      {
        check: 'sync',
        level: 'error',
        what: 'chain early: unexpected base chain',
        why: 'sync cannot do its whole job, and pods keep the rules that they have',
        mend: 'put that right; ip-masq sync --dry-run shows whether it is',
      },
      { check: 'sync', level: 'note', what: 'old key' },
    ])
  })

  test('what could not be seen or judged is said once', () => {
    const doubt = 'Cannot tell what is stale'
    const found = report({
      ...{ unseen: ['iptables'], pruned: { ...PRUNED, failures: [doubt] }, errors: [doubt] },
      ...{ isUncertain: true, warnings: ['skipped the unreadable cache file x', 'iptables'] },
    })
    const mend = 'put that right, and run ip-masq doctor again'
    expect(checkSync(found, new Set())).toEqual([
      { check: 'sync', level: 'unseen', what: 'iptables', mend },
      { check: 'sync', level: 'unseen', what: doubt, mend },
      { check: 'sync', level: 'unseen', what: 'skipped the unreadable cache file x', mend },
    ])
  })
})

describe('CHECK', () => {
  const differing = (differences: readonly string[]) => {
    const asked: string[] = []
    const verify = async ({ attachment: { containerID } }: Wanted) => {
      asked.push(containerID)
      return differences
    }
    return { asked, verify }
  }
  const other = { ...policy, pinExemptions: true }

  test('is tried for one of each policy, and not for what sync would change', async () => {
    const backend = differing([])
    const all = [
      wanted('a'),
      wanted('b'),
      wanted('c'),
      wanted('d', { policy: other }),
      wanted('e', { backend: 'iptables' }),
    ]
    expect(await checkAsCheck(backend, { wanted: all, changes: [change('a', 'restored')] })).toEqual([
      { check: 'check', level: 'ok', what: 'CHECK succeeds: tried for a pod of each of 3 policies' },
    ])
    expect(backend.asked).toEqual(['b', 'd', 'e'])
  })

  test('that fails', async () => {
    expect(
      await checkAsCheck(differing(['chain x: gone', 'set y: gone']), { wanted: [wanted('a')], changes: [] }),
    ).toEqual([
      {
        check: 'check',
        level: 'error',
        what: 'CHECK of shop/a (a eth0, network pods) fails: chain x: gone; set y: gone',
        why: 'CRI-O calls CHECK when it starts, and frees the address of a pod that fails it',
        mend: 'ip-masq sync',
      },
    ])
  })

  test('of many policies is tried for ten, and without pods for none', async () => {
    const many = Array.from({ length: 12 }, (_, i) =>
      wanted(`p${i}`, { policy: { ...policy, toPorts: [{ first: 1, last: 1 + i }] } }),
    )
    expect(
      (await checkAsCheck(differing([]), { wanted: many, changes: [] })).map(({ what }) => what),
    ).toEqual([
      'CHECK succeeds: tried for a pod of each of 10 policies',
      'CHECK was not tried for 2 more policies',
    ])
    expect(await checkAsCheck(differing([]), { wanted: [], changes: [] })).toEqual([])
  })
})

describe('ways to write rules', () => {
  const network = { name: 'pods', file: '10-pods.conflist', plugins: [], places: [] }
  const setting = { backend: 'nftables', carrier: 'auto' } as const
  const probing = (nftables: readonly string[], iptables: readonly string[]) => ({
    probe: async (_: string | undefined, backend: string | undefined) =>
      backend === 'iptables' ? iptables : nftables,
  })

  test.each([
    [[], [], 'ok', 'rules can be written with nftables and iptables'],
    [[], ['no iptables-restore'], 'ok', 'rules can be written with nftables'],
    [['no nft'], [], 'ok', 'rules can be written with iptables'],
    [
      ['no nft'],
      ['no iptables-restore'],
      'warning',
      'there is no way to write rules: no nft; no iptables-restore',
    ],
    // The runtime runs the plugin as root.
    [
      ['CAP_NET_ADMIN is missing'],
      ['CAP_NET_ADMIN is missing'],
      'ok',
      'rules can be written with nftables and iptables',
    ],
  ])('%j, %j', async (nftables, iptables, level, what) => {
    expect(await checkBackends(probing(nftables, iptables), [])).toMatchObject([
      { check: 'backends', level, what },
    ])
  })

  test.each([
    ['auto', [], 'ok', 'rules can be written with iptables'],
    ['iptables', [], 'ok', 'rules can be written with iptables'],
    ['nftables', [], 'error', 'an ADD of network pods fails: this kernel has no nft_masq'],
    [
      'auto',
      ['no iptables-restore'],
      'error',
      'an ADD of network pods fails: this kernel has no nft_masq; no iptables-restore',
    ],
  ] as const)(
    '"backend": "%s" on a kernel that lacks a module, iptables lacks %j',
    async (wanted, iptables, level, what) => {
      const own = [{ network, setting: { ...setting, backend: wanted } }]
      expect(await checkBackends(probing([], iptables), own, ['nft_masq'])).toMatchObject([{ level, what }])
    },
  )

  test('of a network that asks for one that is missing', async () => {
    expect(await checkBackends(probing(['no nft'], []), [{ network, setting }, { network }])).toEqual([
      {
        check: 'backends',
        level: 'error',
        what: 'an ADD of network pods fails: no nft',
        why: 'pods of this network do not start',
        mend: 'install nftables or iptables, or write another "backend" or "carrier" into the conflist',
      },
    ])
  })
})

describe('result caches', () => {
  const usual = {
    cacheDirs: ['/var/lib/cni'],
    areNamed: false,
    places: [],
    absent: [],
    runtimes: [],
    hasRules: false,
  }
  const place = { directory: '/var/lib/cni/results', runtime: 'containerd or CRI-O' }
  const what = 'there is no result cache /var/lib/cni/results'

  test('that were read, and the runtimes that answer', () => {
    const runtimes = [
      { name: 'containerd', version: '2.2.1' },
      { name: 'CRI-O', version: undefined },
    ] as const
    expect(checkCaches({ ...usual, places: [place], runtimes })).toEqual([
      { check: 'result-caches', level: 'ok', what: 'containerd 2.2.1 answers on its socket' },
      { check: 'result-caches', level: 'ok', what: 'CRI-O answers on its socket' },
      { check: 'result-caches', level: 'ok', what: 'read /var/lib/cni/results (containerd or CRI-O)' },
    ])
  })

  test('none, on a node without rules', () => {
    expect(checkCaches(usual)).toMatchObject([{ level: 'note', what }])
  })

  test.each([
    ['with rules', { ...usual, hasRules: true }, what],
    ['whose cache was named', { ...usual, areNamed: true }, what],
    [
      'of whose caches one is missing',
      { ...usual, areNamed: true, cacheDirs: ['/var/lib/cni', '/x'], places: [place], absent: ['/x'] },
      'there is no result cache /x/results',
    ],
  ])('none, on a node %s', (_, caches, why) => {
    expect(checkCaches(caches).at(-1)).toEqual({
      check: 'result-caches',
      level: 'unseen',
      what: `Cannot tell which pods are here: ${why}`,
      mend: 'name the directories of all runtimes with --cache-dir',
    })
  })
})
