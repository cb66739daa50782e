import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { attachmentDigest } from '../../src/backend/identity'
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
    expect(ownerOf('c1', 'eth0', [b, a])).toEqual({ family: 'ip6', value: BigInt(`0x${hex}`) })
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
