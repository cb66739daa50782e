import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { attachmentDigest } from '../../src/backend/identity'
import { listedNote, parseSlotComment } from '../../src/backend/nftables/notes'
import { ownerComment, ownerTest, ownerValue } from '../../src/backend/nftables/owner'
import type { Address } from '../../src/policy/address'
import { parseAddress } from '../../src/policy/address-text'

const attachment = (containerID: string, ifname: string) => ({
  containerID,
  ifname,
  network: 'cbr0',
  pod: '',
  namespace: '',
})
const ownerOf = (containerID: string, ifname: string, addresses: readonly Address[]) =>
  ownerValue(attachmentDigest({ containerID, ifname }), addresses)
const a = parseAddress('10.0.0.1')
const b = parseAddress('fd00::1')

describe('ownerValue', () => {
  test('is 96 bits of the attachment and 32 bits of its addresses', () => {
    const digest = (text: string) => createHash('sha256').update(text).digest('hex')
    const hex = digest('["c1","eth0"]').slice(0, 24) + digest('["10.0.0.1","fd00::1"]').slice(0, 8)
    expect(ownerOf('c1', 'eth0', [b, a])).toBe(hex)
  })

  test('tells attachments apart whose names run together', () => {
    expect(ownerTest(attachment('ab', 'c'))(ownerOf('a', 'bc', [a]))).toBe(false)
  })

  test('is the same attachment with other addresses, or in another network', () => {
    const renamed = { ...attachment('c1', 'eth0'), network: 'renamed' }
    const isOwn = ownerTest(renamed)
    expect(isOwn(ownerOf('c1', 'eth0', [a]))).toBe(true)
    expect(isOwn(ownerOf('c1', 'eth0', [a, b]))).toBe(true)
    expect(isOwn(ownerOf('c1', 'eth1', [a]))).toBe(false)
  })
})

describe('ownerComment', () => {
  const network = createHash('sha256').update('cbr0').digest('hex').slice(0, 16)

  test('is fixed width for programs, then names for people', () => {
    const owner = { containerID: 'c1', ifname: 'eth0', network: 'cbr0', pod: 'shop/web-1', namespace: 'shop' }
    expect(ownerComment(owner, 1700000000.9)).toBe(`${network} 1700000000 cbr0 c1 eth0 shop/web-1`)
  })

  test('has a place holder for a pod that is not named', () => {
    expect(ownerComment(attachment('c1', 'eth0'), 5)).toBe(`${network} 0000000005 cbr0 c1 eth0 -`)
  })

  test('holds nothing that could end an nft string', () => {
    const owner = { ...attachment('c1', 'a"}\n;é'), pod: 'x y/"{$' }
    expect(ownerComment(owner, 1700000000)).toBe(`${network} 1700000000 cbr0 c1 a_____ x_y/___`)
  })

  test("is cut to nft's 128 bytes, and never into the containerID of a usual length", () => {
    const long = {
      containerID: 'c'.repeat(64),
      ifname: 'i'.repeat(15),
      network: 'n'.repeat(200),
      pod: 'p'.repeat(300),
      namespace: '',
    }
    const comment = ownerComment(long, 1700000000)
    expect(comment.length).toBe(128)
    expect(comment).toContain(` ${'n'.repeat(16)} ${'c'.repeat(64)} ${'i'.repeat(15)} `)
  })
})

describe('what a note says', () => {
  const own = '0123456789abcdef 1700000000 cbr0 c1 eth0'
  const note = {
    networkDigest: '0123456789abcdef',
    epochSeconds: 1700000000,
    network: 'cbr0',
    containerID: 'c1',
  }

  test.each([
    ['with a pod', `${own} shop/web-1`, { ...note, ifname: 'eth0', pod: 'shop/web-1' }],
    ['without a pod', `${own} -`, { ...note, ifname: 'eth0', pod: '' }],
    ['that was cut before the pod', own, { ...note, ifname: 'eth0', pod: '' }],
    [
      'with a clock that was wrong',
      own.replace('1700000000', '0000000005'),
      { ...note, epochSeconds: 5, ifname: 'eth0', pod: '' },
    ],
    [
      'with a clock of the far future',
      own.replace('17', '9917'),
      { ...note, epochSeconds: 991700000000, ifname: 'eth0', pod: '' },
    ],
  ])('of an owner, %s', (_, comment, expected) => {
    expect(listedNote(comment)).toEqual(expected)
  })

  test.each([
    undefined,
    '',
    'mine',
    own.replace('cbr0 ', ''),
    own.replace('cbr0', ''),
    `${own} shop/web-1 more`,
    own.replace('0123', '012'),
    own.replace('0123', 'wxyz'),
    own.replace('1700000000', '170000000'),
    own.replace('1700000000', '1700000.00'),
    own.replace('1700000000', '0000000NaN'),
    own.replace('1700000000', '00000001e9'),
  ])('of an owner that somebody else wrote: %s', (comment) => {
    expect(listedNote(comment)).toBeUndefined()
  })

  test.each([
    ['1 5000 a /run/netns/a', { bootSeconds: 5000, origin: 'added', netns: '/run/netns/a' }],
    ['2 - r -', { origin: 'restored' }],
    ['1 0 o -', { bootSeconds: 0, origin: 'adopted' }],
  ])('of a slot: %s', (comment, expected) => {
    expect(parseSlotComment(comment)).toEqual(expected)
  })

  test.each([
    undefined,
    'mine',
    '1 5000 a',
    '1 5000 a ',
    '1 5000 a /run/netns/a more',
    '1 5000 x /run/netns/a',
    'one 5000 a /run/netns/a',
    '- 5000 a /run/netns/a',
    '1 -5 a /run/netns/a',
    '1 5.5 a /run/netns/a',
    '1 Infinity a /run/netns/a',
    '1 NaN a /run/netns/a',
  ])('of a slot that somebody else wrote: %s', (comment) => {
    expect(parseSlotComment(comment)).toBeUndefined()
  })
})
