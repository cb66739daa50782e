import { describe, expect, test } from 'vitest'
import { mendSlots } from '../../src/backend/nftables/fill-slots'
import { ATTACHMENTS, OWNERS, ownerKey } from '../../src/backend/nftables/layout'
import { mappedDigits } from '../../src/backend/nftables/mapped-digits'
import { crossCheck } from '../../src/backend/nftables/netlink/cross-check'
import { encodeTransaction } from '../../src/backend/nftables/netlink/encode'
import { GENERATION_ID, MESSAGES } from '../../src/backend/nftables/netlink/protocol'
import type { Session } from '../../src/backend/nftables/netlink/session'
import { walkMap } from '../../src/backend/nftables/netlink/walk'
import { type Message, readMessages } from '../../src/backend/nftables/netlink/wire'
import { createWriter } from '../../src/backend/nftables/netlink/writer'
import { addSlots } from '../../src/backend/nftables/slots'
import { type AddressState, NO_TABLE } from '../../src/backend/nftables/table-state'
import type { ElementOperation } from '../../src/backend/nftables/transaction'
import { addressOf, digitsOf } from '../../src/policy/address'
import { formatAddress, parseAddress } from '../../src/policy/address-text'
import { ERRNO } from '../../src/system/errno'

/** What a walk through a hash table may send, which no test can make the kernel do at a given moment. */

const ADDRESSES = Array.from({ length: 6 }, (_, i) => parseAddress(`10.0.0.${i}`))
const OWNER = `5be1${'1'.padStart(28, '0')}`

/** As the kernel sends elements of `owners`: the same attributes in which they are written. */
function elementMessage(...numbers: number[]): Message {
  const elements = numbers.flatMap((i) => {
    const address = ADDRESSES[i]
    return address ? [{ key: ownerKey(address), value: addressOf(OWNER) }] : []
  })
  const { bytes } = encodeTransaction([{ do: 'add-elements', set: OWNERS, elements }])
  const message = [...readMessages(bytes)][1]
  if (!message) throw new Error('no message')
  return message
}

/** What the walks found, by address. */
const states = (...found: AddressState[]) => new Map(found.map((one) => [mappedDigits(one.address), one]))

function generationMessage(number: number): Message {
  const writer = createWriter()
  writer.message({ type: 0, flags: 0, sequence: 0, family: 0, resource: 0 }, () =>
    writer.u32(GENERATION_ID, number),
  )
  const [message] = [...readMessages(writer.bytes())]
  if (!message) throw new Error('no message')
  return message
}

interface Walked {
  readonly sent: readonly number[]
  readonly wasInterrupted?: boolean
  /** The generation has changed when this walk is over. */
  readonly isBusy?: boolean
}

/** A kernel that has `existing`, and whose walks send these; the last one again and again. */
function kernel(existing: readonly number[], walks: readonly Walked[]) {
  let [generation, walked, looked] = [1, 0, 0]
  const session: Session = {
    run: () => ({ ok: true, value: undefined }),
    dump: () => {
      const walk = walks[Math.min(walked++, walks.length - 1)]
      if (walk?.isBusy) generation += 1
      return {
        ok: true,
        value: {
          messages: (walk?.sent ?? []).map((i) => elementMessage(i)),
          wasInterrupted: walk?.wasInterrupted ?? false,
        },
      }
    },
    getAll: (questions) => ({
      ok: true,
      value: questions.map(({ type, write }) => {
        if (type === MESSAGES.getGeneration) return { ok: true, value: generationMessage(generation) }
        looked += 1
        const writer = createWriter()
        write(writer)
        const text = Buffer.from(writer.bytes()).toString('hex')
        const found = existing.find((i) => {
          const address = ADDRESSES[i]
          return address && text.includes(ownerKey(address).value.toString(16).padStart(32, '0'))
        })
        if (found === undefined) return { ok: false, refusal: { errno: ERRNO.ENOENT, said: '' } }
        return { ok: true, value: elementMessage(found) }
      }),
    }),
  }
  return { session, count: () => ({ walked, looked }) }
}

const numbersOf = (walk: ReturnType<typeof walkMap>) =>
  walk.elements.map(({ key }) => Number.parseInt(key.slice(-2), 16))

describe('a walk is believed', () => {
  test('when nothing changed and no key came twice', () => {
    const { session, count } = kernel([0, 1, 2], [{ sent: [2, 0, 1] }])
    const walk = walkMap(session, OWNERS)
    expect({ numbers: numbersOf(walk), mayLack: walk.mayLack }).toEqual({
      numbers: [0, 1, 2],
      mayLack: false,
    })
    expect(count().walked).toBe(1)
  })

  test.each<[string, Walked]>([
    ['the kernel says that it was interrupted', { sent: [0, 1], wasInterrupted: true }],
    ['the generation changed', { sent: [0, 1], isBusy: true }],
    ['a key came twice, so that another may be missing', { sent: [0, 1, 1] }],
  ])('not when %s: it is made again', (_, first) => {
    const { session, count } = kernel([0, 1, 2], [first, { sent: [0, 1, 2] }])
    const walk = walkMap(session, OWNERS)
    expect({ numbers: numbersOf(walk), mayLack: walk.mayLack }).toEqual({
      numbers: [0, 1, 2],
      mayLack: false,
    })
    expect(count().walked).toBe(2)
  })

  test('when two in a row found the same, however often others change the ruleset', () => {
    const { session, count } = kernel([0, 1, 2], [{ sent: [0, 1, 2], isBusy: true, wasInterrupted: true }])
    expect(walkMap(session, OWNERS).mayLack).toBe(false)
    expect(count().walked).toBe(2)
  })
})

test('a walk that is given up has what several found and a look-up confirms, and is marked', () => {
  const repeats = [{ sent: [0, 1, 1] }, { sent: [0, 2, 2] }, { sent: [3, 0, 0] }]
  // 3 was deleted meanwhile.
  const { session } = kernel([0, 1, 2], [...repeats, { sent: [0, 0] }])
  const walk = walkMap(session, OWNERS)
  expect({ numbers: numbersOf(walk), mayLack: walk.mayLack }).toEqual({ numbers: [0, 1, 2], mayLack: true })
})

test('what one map has and another lacks is looked up by key', () => {
  const [first, second, third] = ADDRESSES
  if (!first || !second || !third) throw new Error('no addresses')
  const { session, count } = kernel([0, 1], [])
  const { addresses } = crossCheck(session, [OWNERS], {
    addresses: states({ address: first, owner: OWNER }, { address: second }, { address: third }),
    slots: [
      { digest: '5be100000000000000000000', slot: 0, address: first },
      { digest: '5be100000000000000000000', slot: 1, address: second },
      { digest: '5be100000000000000000000', slot: 2, address: third },
    ],
  })
  // The walk through the owners missed the second. Of the third only a stale slot is left.
  expect(addresses.map(({ address }) => formatAddress(address))).toEqual(['10.0.0.0', '10.0.0.1'])
  expect(count().looked).toBe(2)
})

/** A kernel that answers look-ups by key from these maps, and walks from nothing. */
function kernelWith(maps: readonly ElementOperation[]): Session {
  const messages = maps.flatMap((operation) =>
    (operation.do === 'add-elements' ? operation.elements : []).map((element) => {
      if (!('key' in element)) throw new Error('no key')
      const { set } = operation
      const { bytes } = encodeTransaction([{ do: 'add-elements', set, elements: [element] }])
      const [, message] = [...readMessages(bytes)]
      if (!message) throw new Error('no message')
      if (!('key' in element)) throw new Error('no key')
      return { set, key: digitsOf(element.key), message }
    }),
  )
  const hexOf = (text: string) => Buffer.from(text).toString('hex')
  return {
    run: () => ({ ok: true, value: undefined }),
    dump: () => ({ ok: true, value: { messages: [], wasInterrupted: false } }),
    getAll: (questions) => ({
      ok: true,
      value: questions.map(({ write }) => {
        const writer = createWriter()
        write(writer)
        const question = Buffer.from(writer.bytes()).toString('hex')
        const found = messages.find(
          ({ set, key }) => question.includes(hexOf(`${set}\0`)) && question.includes(key),
        )
        if (!found) return { ok: false, refusal: { errno: ERRNO.ENOENT, said: '' } }
        return { ok: true, value: found.message }
      }),
    }),
  }
}

test('an address that is taken over between two walks is its new owner’s, whose slots stay', () => {
  const [first, second] = ADDRESSES
  if (!first || !second) throw new Error('no addresses')
  const [digest, FORMER] = ['5be100000000000000000000', 'aaaa'.padEnd(32, '0')]
  const owned = [first, second].map((address) => ({ key: ownerKey(address), value: addressOf(OWNER) }))
  const slots = addSlots(digest, [first, second], {})
  const session = kernelWith([{ do: 'add-elements', set: OWNERS, elements: owned }, slots])
  // The walk through the owners came before the ADD, and that through the slots after it.
  const { addresses, slots: found } = crossCheck(session, [OWNERS, ATTACHMENTS], {
    addresses: states({ address: second, owner: FORMER }, { address: first }),
    slots: [
      { digest, slot: 0, address: first },
      { digest, slot: 1, address: second },
    ],
  })
  expect(mendSlots({ ...NO_TABLE, addresses, slots: found }).transaction).toEqual([])
  expect(found).toHaveLength(2)
  expect(addresses.map(({ owner }) => owner)).toEqual([OWNER, OWNER])
})
