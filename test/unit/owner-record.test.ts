import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { networkDigest } from '../../src/backend/identity'
import { type OwnerRecord, recordRows } from '../../src/backend/iptables/owner-record'
import { noteRow } from '../../src/backend/iptables/owner-rows'
import { parseOwner } from '../../src/backend/iptables/owner-state'
import { renderRule } from '../../src/backend/iptables/render'
import { FAMILY_NAMES, type Family } from '../../src/policy/address'

/** What an owner's chain says is read back from the text of its rules. */
const read = (family: Family, record: OwnerRecord, network = 'n', epochSeconds = 1_790_000_000) => {
  const rules = [...recordRows(family, network, record), noteRow(family, { network, epochSeconds })]
  return parseOwner('id', rules.map(renderRule)).note
}

const UUID = '5f2f8a1c-9a53-3d3b-0d3f-3f1b2d1ee3c1'

describe.each(FAMILY_NAMES)('the record in rules of %s', (family) => {
  test.each([
    `/var/run/netns/cni-${UUID}`,
    `/run/netns/cni-${UUID}`,
    `/run/netns/${UUID}`,
    '/var/run/netns/00000000-0000-0000-0000-000000000000',
    `/var/run/netns/${UUID.toUpperCase()}`,
    `/var/run/netns/${UUID}x`,
    '/var/run/docker/netns/0123456789ab',
    '/proc/4194304/ns/net',
    '/run/netns/',
    '/',
    '/somewhere/else/ä with a space',
  ])('keeps the path %s', (netns) => {
    expect(read(family, { netns, origin: 'added', bootSeconds: 5_000 })).toMatchObject({
      networkDigest: networkDigest('n'),
      epochSeconds: 1_790_000_000,
      bootSeconds: 5_000,
      origin: 'added',
      netns,
    })
  })

  test('keeps any path that fits, and leaves out one that does not', () => {
    const path = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
      .filter((text) => !text.includes('\0'))
    fc.assert(
      fc.property(path, (netns) => {
        expect(read(family, { netns })?.netns).toBe(netns)
      }),
    )
    expect(read(family, { netns: `/${'long/'.repeat(250)}`, bootSeconds: 7 })).toMatchObject({
      bootSeconds: 7,
    })
    expect(read(family, { netns: `/${'long/'.repeat(250)}` })).not.toHaveProperty('netns')
  })

  test('leaves out what is not known', () => {
    const note = read(family, {})
    expect(note).not.toHaveProperty('bootSeconds')
    expect(note).not.toHaveProperty('origin')
    expect(note).not.toHaveProperty('netns')
  })

  test.each([0, 1, 315_532_800, 2 ** 31 - 1, 2 ** 32 - 1, 2 ** 40])(
    'a clock that shows %d makes no row into another kind of row',
    (epochSeconds) => {
      expect(read(family, { bootSeconds: 7, netns: '/n' }, 'n', epochSeconds)).toMatchObject({
        bootSeconds: 7,
        netns: '/n',
        networkDigest: networkDigest('n'),
      })
    },
  )

  test('without one of its rows says nothing', () => {
    const rules = recordRows(family, 'n', {
      netns: '/somewhere/that/takes/two/rows/of/either/family',
      bootSeconds: 7,
    })
    const texts = [...rules.slice(1), noteRow(family, { network: 'n', epochSeconds: 1_790_000_000 })].map(
      renderRule,
    )
    expect(parseOwner('id', texts)).toMatchObject({ isWhole: false })
    expect(parseOwner('id', texts).note).not.toHaveProperty('bootSeconds')
  })
})

test('two networks whose digests begin alike are two', () => {
  expect(networkDigest('net17957').slice(0, 8)).toBe(networkDigest('net21265').slice(0, 8))
  expect(read('ip', {}, 'net17957')?.networkDigest).toBe(networkDigest('net17957'))
  expect(read('ip', {}, 'net21265')?.networkDigest).toBe(networkDigest('net21265'))
})

describe('an owner of an older version', () => {
  const old = (comment?: string) =>
    parseOwner('id', [
      renderRule(noteRow('ip', { network: 'net17957', epochSeconds: 1_790_000_000 }, comment)),
    ])

  test('has its whole digest by the name in its comment', () => {
    expect(old('net17957 c1 eth0 -').note?.networkDigest).toBe(networkDigest('net17957'))
  })

  test('has half of it where there is no comment, or one of another network', () => {
    const half = networkDigest('net17957').slice(0, 8)
    expect(old().note?.networkDigest).toBe(half)
    expect(old('other c1 eth0 -').note?.networkDigest).toBe(half)
  })
})
