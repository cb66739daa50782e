import { beforeEach, describe, expect, test } from 'vitest'
import type { BackendSetting, Listed, Removal, Wanted } from '../../src/backend/backend'
import { attachmentId } from '../../src/backend/identity'
import { inspect } from '../../src/backend/places/inspect'
import type { Place, Places } from '../../src/backend/places/place'
import { remove } from '../../src/backend/places/remove'
import { replace } from '../../src/backend/places/replace'
import { verify } from '../../src/backend/places/verify'
import { DeniedError, UnusableError } from '../../src/backend/tolerances'
import { intentOf } from '../../src/config/intent'
import { parseConfig } from '../../src/config/parse'
import { NO_SOURCES } from '../../src/config/settings'
import { decidePolicy } from '../../src/policy/decide'
import { parseAddressWithLength } from '../../src/policy/prefix'

/** In which order places are asked and written, by places that only keep a journal. */

const ips = [parseAddressWithLength('10.244.1.7/24')]
const addresses = ips.map(({ address }) => address)
const policy = decidePolicy(intentOf({ config: parseConfig({}), sources: NO_SOURCES }, ''), ips)
const attachment = { containerID: 'a', ifname: 'eth0', network: 'n', pod: 'shop/a', namespace: 'shop' }
const wanted = (backend: BackendSetting): Wanted => ({ attachment, addresses, policy, backend })
const A: Listed = { id: attachmentId(attachment), addresses }
const OTHER: Listed = { id: 'other', addresses }

let journal: string[]
beforeEach(() => {
  journal = []
})

interface Fake {
  readonly has?: readonly Listed[]
  readonly removal?: Removal
  /** What listing and writing throw. */
  readonly broken?: Error
  /** `attachmentId`s that have a tombstone. */
  readonly gone?: readonly string[]
  readonly pruneFails?: boolean
}

function place(
  name: Place['name'],
  { has = [], removal, broken, gone = [], pruneFails = false }: Fake,
): Place {
  const note = (verb: string) => journal.push(`${name}: ${verb}`)
  return {
    name,
    async apply() {
      note('apply')
      return { tableWasMissing: false }
    },
    async remove(_, __, where) {
      note(`remove, ${where?.backend}`)
      return removal ?? { outcome: 'removed' }
    },
    async verify() {
      note('verify')
      return []
    },
    async replace(all) {
      note(`replace ${all.length}`)
      if (broken) throw broken
      const isThere = (one: Wanted) => has.some(({ id }) => id === attachmentId(one.attachment))
      const changes = all.filter((one) => !isThere(one)).map((one) => ({ ...one, what: 'restored' as const }))
      return { changes, held: [], repairs: [], unrepaired: [], script: '' }
    },
    async prune(isStale) {
      note(`prune ${has.filter(isStale).map(({ id }) => (id === A.id ? 'a' : id))}`)
      if (pruneFails) throw new Error('busy')
      return { removed: has.filter(isStale), policies: [], failures: [] }
    },
    async list() {
      note('list')
      if (broken) throw broken
      return has
    },
    async inspect() {
      if (broken) throw broken
      return {
        places: [{ name, isSetUp: true, differences: [] }],
        attachments: has.map((one) => ({ ...one, place: name, rules: [] })),
        strays: [],
        policies: [],
        unseen: [],
      }
    },
    gone: async () => new Set(gone),
    hasRules: async () => has.length > 0,
    tearDown: async () => {},
    probe: async () => [],
    hookedTables: async () => [],
  }
}

const placesOf = (
  nftables: Fake,
  iptables: Fake,
  mayBeInIptables = true,
  refusal?: UnusableError,
): Places => ({
  nftables: place('nftables', nftables),
  iptables: place('iptables', iptables),
  mark: async () => {
    journal.push('mark')
  },
  mayBeInIptables: async () => mayBeInIptables,
  nftablesRefuses: async (policies) => {
    journal.push(`nftables: try ${policies.length}`)
    return refusal
  },
})

const sync = (places: Places, backend: BackendSetting, dryRun = false) =>
  replace(places, [wanted(backend)], { dryRun })

describe('sync', () => {
  test.each([
    [
      'iptables',
      placesOf({ has: [A] }, {}),
      [
        'nftables: list',
        'iptables: list',
        'nftables: replace 0',
        'iptables: replace 1',
        'nftables: prune a',
        'mark',
      ],
    ],
    [
      'nftables',
      placesOf({}, { has: [A] }),
      [
        'nftables: list',
        'iptables: list',
        'nftables: replace 1',
        'iptables: prune a',
        'iptables: replace 0',
        'mark',
      ],
    ],
  ] as const)(
    'to %s: the new rules are written before the old ones go',
    async (backend, places, expected) => {
      const { changes } = await sync(places, backend)
      expect(journal).toEqual(expected)
      expect(changes).toMatchObject([{ attachment, what: 'changed' }])
    },
  )

  test('a dry run leaves pods in iptables where the kernel refuses the rules of nftables', async () => {
    const places = placesOf({}, { has: [A] }, true, new UnusableError('no NAT', ''))
    expect(await sync(places, 'auto', true)).toMatchObject({ changes: [], unrepaired: [] })
    expect(journal).toEqual(['nftables: list', 'iptables: list', 'nftables: try 1', 'iptables: replace 1'])
  })

  test('a dry run moves pods from iptables where the kernel takes the rules of nftables', async () => {
    expect(await sync(placesOf({}, { has: [A] }), 'auto', true)).toMatchObject({
      changes: [{ what: 'changed' }],
    })
    expect(journal).toEqual([
      'nftables: list',
      'iptables: list',
      'nftables: try 1',
      'nftables: replace 1',
      'iptables: replace 0',
    ])
  })

  test('nothing is tried where nothing would move, and where a sync writes', async () => {
    await sync(placesOf({ has: [A] }, {}), 'auto', true)
    await sync(placesOf({}, { has: [A] }), 'nftables', true)
    await sync(placesOf({}, { has: [A] }), 'auto')
    expect(journal.filter((line) => line.includes('try'))).toEqual([])
  })

  test('what is in both places has changed by leaving one', async () => {
    const { changes } = await sync(placesOf({ has: [A] }, { has: [A] }), 'nftables')
    expect(journal).toContain('iptables: prune a')
    expect(changes).toEqual([{ attachment, addresses, what: 'changed' }])
  })

  test('only nftables is asked, and once, where nothing says that iptables has rules', async () => {
    const { changes } = await sync(placesOf({}, { has: [A] }, false), 'auto')
    expect(journal).toEqual(['nftables: replace 1'])
    expect(changes).toMatchObject([{ attachment, what: 'restored' }])
  })

  test('iptables is asked where nftables cannot be used', async () => {
    await sync(placesOf({ broken: new UnusableError('missing', '') }, {}, false), 'auto')
    expect(journal).toEqual(['nftables: replace 1', 'nftables: list', 'iptables: replace 1', 'mark'])
  })

  test.each([
    ['iptables', placesOf({ gone: [A.id] }, {})],
    ['nftables', placesOf({}, { gone: [A.id] })],
  ] as const)(
    'no rules go to %s for an attachment whose DEL has just been elsewhere',
    async (backend, places) => {
      expect(await sync(places, backend)).toMatchObject({ changes: [] })
      expect(journal).not.toContain(`${backend}: replace 1`)
    },
  )

  test('a dry run says what would change, and takes nothing away', async () => {
    const { changes } = await sync(placesOf({}, { has: [A] }), 'nftables', true)
    expect(changes).toMatchObject([{ what: 'changed' }])
    expect(journal.filter((line) => line.includes('prune') || line === 'mark')).toEqual([])
  })

  test('old rules that cannot be taken away are reported', async () => {
    const { changes, unrepaired } = await sync(placesOf({}, { has: [A], pruneFails: true }), 'nftables')
    expect(changes).toMatchObject([{ what: 'changed' }])
    expect(unrepaired).toEqual([expect.stringContaining('busy')])
  })

  test('an address that another attachment holds in the other place is left to it', async () => {
    const { held } = await sync(placesOf({}, { has: [OTHER] }), 'nftables')
    expect(held).toEqual([{ attachment, address: addresses[0], holder: 'an attachment without a name' }])
  })

  test('"auto" is iptables where nft is missing, and nftables where nft refuses', async () => {
    await sync(placesOf({ broken: new UnusableError('missing', '') }, {}), 'auto')
    expect(journal).toContain('iptables: replace 1')
    journal = []
    const refusing = placesOf({ broken: new DeniedError('denied', '') }, { has: [OTHER] })
    await expect(sync(refusing, 'auto')).rejects.toThrow('denied')
    expect(journal).not.toContain('iptables: replace 1')
  })

  test('with neither it is an error that has what each of them said', async () => {
    const places = placesOf(
      { broken: new UnusableError('no nft', '') },
      { broken: new UnusableError('no iptables', '') },
    )
    await expect(sync(places, 'auto')).rejects.toMatchObject({
      message: 'no nft; iptables cannot be used either',
      details: 'nft: no nft; iptables: no iptables',
    })
  })
})

describe('DEL', () => {
  const ABSENT = { outcome: 'absent', mayBeElsewhere: true } as const
  const NOWHERE_ELSE = { outcome: 'absent', mayBeElsewhere: false } as const
  const UNUSABLE = { outcome: 'unusable', said: 'none' } as const
  const UNKNOWN = { outcome: 'unknown', said: 'locked', mayBeElsewhere: false } as const

  test.each([
    ['auto', {}, {}, ['nftables: remove, auto'], { outcome: 'removed' }],
    ['auto', { removal: NOWHERE_ELSE }, {}, ['nftables: remove, auto'], NOWHERE_ELSE],
    ['auto', { removal: UNKNOWN }, {}, ['nftables: remove, auto'], UNKNOWN],
    [
      'auto',
      { removal: ABSENT },
      {},
      ['nftables: remove, auto', 'iptables: remove, auto'],
      { outcome: 'removed' },
    ],
    [
      'auto',
      { removal: UNUSABLE },
      { removal: ABSENT },
      ['nftables: remove, auto', 'iptables: remove, iptables'],
      NOWHERE_ELSE,
    ],
    ['iptables', {}, {}, ['iptables: remove, iptables'], { outcome: 'removed' }],
    [
      'iptables',
      { removal: UNUSABLE },
      { removal: UNUSABLE },
      ['iptables: remove, iptables', 'nftables: remove, iptables'],
      { outcome: 'unusable', said: 'none, none' },
    ],
  ] as const)(
    'with %s, %j in nftables, %j in iptables',
    async (backend, nftables, iptables, expected, removal) => {
      const where = { backend, carrier: 'auto' } as const
      expect(await remove(placesOf(nftables, iptables), attachment, { hint: addresses, where })).toEqual(
        removal,
      )
      expect(journal).toEqual(expected)
    },
  )
})

describe('CHECK', () => {
  test('finds the pod’s rules in the other place', async () => {
    expect(await verify(placesOf({ has: [A] }, { has: [A] }), wanted('nftables'))).toEqual([
      '10.244.1.7: also has rules in iptables, where it should have none',
    ])
    expect(await verify(placesOf({ has: [A] }, { has: [A] }), wanted('iptables'))).toEqual([
      '10.244.1.7: also has rules in nftables, where it should have none',
    ])
  })

  test('does not list a place without rules of ours', async () => {
    expect(await verify(placesOf({ has: [A] }, {}), wanted('nftables'))).toEqual([])
    expect(journal).toEqual(['nftables: verify'])
  })
})

describe('inspection', () => {
  const seen = async (nftables: Fake, iptables: Fake) => {
    const found = await inspect([place('nftables', nftables), place('iptables', iptables)])
    return {
      places: found.places.map(({ name }) => name),
      attachments: found.attachments.map(({ id, place: where }) => `${where} ${id}`),
      unseen: found.unseen,
    }
  }

  test('all places together', async () => {
    expect(await seen({ has: [A] }, { has: [A, OTHER] })).toEqual({
      places: ['nftables', 'iptables'],
      attachments: [`nftables ${A.id}`, `iptables ${A.id}`, 'iptables other'],
      unseen: [],
    })
  })

  test('one that this machine does not have is left out', async () => {
    expect(await seen({ broken: new UnusableError('no nft', '') }, { has: [A] })).toEqual({
      places: ['iptables'],
      attachments: [`iptables ${A.id}`],
      unseen: [],
    })
  })

  test('one that may not be looked at is named', async () => {
    expect(await seen({ has: [A] }, { broken: new DeniedError('no CAP_NET_RAW', 'raw') })).toEqual({
      places: ['nftables'],
      attachments: [`nftables ${A.id}`],
      unseen: ['no CAP_NET_RAW: raw'],
    })
  })

  test('none: the error of the first', async () => {
    const [denied, missing] = [new DeniedError('denied', ''), new UnusableError('missing', '')]
    await expect(seen({ broken: denied }, { broken: missing })).rejects.toBe(denied)
    await expect(seen({ broken: missing }, { broken: denied })).rejects.toBe(denied)
  })
})
