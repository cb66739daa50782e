import fc from 'fast-check'
import { expect, test } from 'vitest'
import { elementsIn, rangesOf } from '../../src/backend/nftables/netlink/decode'
import { decodeRule } from '../../src/backend/nftables/netlink/decode-rules'
import { encodeTransaction } from '../../src/backend/nftables/netlink/encode'
import { RULE } from '../../src/backend/nftables/netlink/protocol'
import {
  attributesOf,
  type Message,
  parseErrorMessage,
  readMessages,
  TruncatedError,
} from '../../src/backend/nftables/netlink/wire'
import { OPERATIONS } from '../lab/netlink-cases'

/** Messages of nf_tables, damaged: the parser reads them, or says that they are cut short, and does nothing else. */

const whole = OPERATIONS.map((operation) => encodeTransaction([operation]).bytes)

const byte = fc.integer({ min: 0, max: 255 })
/** Lengths are what a parser trusts: small ones, ones that go beyond the end, and ones that go round. */
const odd = fc.oneof(byte, fc.constantFrom(0, 1, 2, 3, 4, 5, 15, 16, 0x7f, 0x80, 0xfe, 0xff))

const damaged = fc
  .record({
    bytes: fc.constantFrom(...whole),
    changes: fc.array(fc.tuple(fc.nat(), odd), { maxLength: 6 }),
    cut: fc.option(fc.nat(), { freq: 3 }),
    flags: fc.option(fc.constantFrom(0x100, 0x200, 0x300), { freq: 2 }),
  })
  .map(({ bytes, changes, cut, flags }) => {
    const copy = bytes.slice(0, cut === null ? bytes.length : cut % (bytes.length + 1))
    for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value
    return { copy, flags }
  })

/** All that is done with a message that the kernel sends, whatever it is. */
function parse(message: Message, flags: number | null): number {
  const attributes = attributesOf(message)
  const elements = [...elementsIn(attributes)]
  rangesOf(elements)
  decodeRule(attributes.get(RULE.expressions))
  parseErrorMessage(flags === null ? message : { ...message, flags })
  return elements.length
}

const random = fc
  .uint8Array({ maxLength: 200 })
  .map((copy): { copy: Uint8Array; flags: number | null } => ({ copy, flags: null }))

test('answers of the kernel', () => {
  const counts = { read: 0, elements: 0, truncated: 0 }
  const attempt = (work: () => void) => {
    try {
      work()
      counts.read += 1
    } catch (error) {
      if (!(error instanceof TruncatedError)) throw error
      counts.truncated += 1
    }
  }
  fc.assert(
    fc.property(fc.oneof({ weight: 5, arbitrary: damaged }, random), ({ copy, flags }) => {
      let messages: readonly Message[] = []
      attempt(() => {
        messages = readMessages(copy)
      })
      for (const message of messages)
        attempt(() => {
          counts.elements += parse(message, flags)
        })
    }),
    { numRuns: 20_000 },
  )
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(1_000)
})
