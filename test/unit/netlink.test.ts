import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { elementsIn, rangesOf } from '../../src/backend/nftables/netlink/decode'
import { decodeRule } from '../../src/backend/nftables/netlink/decode-rules'
import { encodeTransaction } from '../../src/backend/nftables/netlink/encode'
import {
  attributesOf,
  FLAGS,
  listAttributes,
  parseErrorMessage,
  readMessages,
  TruncatedError,
} from '../../src/backend/nftables/netlink/wire'
import { createWriter } from '../../src/backend/nftables/netlink/writer'
import { renderRule, renderTransaction } from '../../src/backend/nftables/render'
import { parseRule } from '../../src/backend/nftables/text/rules'
import { digitsOf } from '../../src/policy/address'
import { OPERATIONS, RULES } from '../lab/netlink-cases'

/** What goes over the wire, held against what nft sends for the same operation (scripts/netlink-goldens). */

const golden = (await readFile(new URL('../golden/netlink.txt', import.meta.url), 'utf8'))
  .split(/^# (?=\d)/m)
  .slice(1)
  .map((part) => {
    const [head = '', ...lines] = part.trim().split('\n')
    return { line: head.replace(/^\d+ /, ''), messages: lines.map((line) => line.split(' ')) }
  })

/** Of the messages between the two markers of a batch. */
const messagesOf = (bytes: Uint8Array) =>
  [...readMessages(bytes)].slice(1, -1).map(({ type, payload }) => ({ type: type & 0xff, payload }))

/** An attribute: its type, and its bytes or what is nested in it. */
type Tree = readonly (readonly [number, string | Tree])[]

const NESTED = 0x8000

function treeOf(bytes: Uint8Array): Tree {
  const flags = flagsOf(bytes)
  return [...listAttributes(bytes)].map(([type, value], i) => [
    type,
    flags[i] ? treeOf(value) : Buffer.from(value).toString('hex'),
  ])
}

function flagsOf(bytes: Uint8Array): boolean[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags: boolean[] = []
  for (let at = 0; at < bytes.length; at += (view.getUint16(at, true) + 3) & ~3)
    flags.push((view.getUint16(at + 2, true) & NESTED) !== 0)
  return flags
}

/**
 * Without what nft says besides: the numbers that sets have within a transaction, by which nobody looks where the name is
 * known; and the end of an interval that never began, which it puts before the first of a new set.
 */
function comparable(type: number, payload: Uint8Array): { head: string; tree: Tree } {
  const tree = treeOf(payload.subarray(4))
  return { head: `${type} ${Buffer.from(payload.subarray(0, 4)).toString('hex')}`, tree: strip(type, tree) }
}

function strip(type: number, tree: Tree): Tree {
  const [newSet, newElement, newRule] = [9, 12, 6]
  if (type === newSet) return tree.map(([kind, value]) => [kind, kind === 10 ? 'an ID' : value])
  if (type === newElement) {
    const kept = tree.filter(([kind]) => kind !== 4)
    return kept.map(([kind, value]) =>
      kind === 3 && typeof value === 'object'
        ? [
            kind,
            value.filter(([, element]) => !isEndOfNothing(element)).map(([, element], i) => [i + 1, element]),
          ]
        : [kind, value],
    )
  }
  if (type !== newRule) return tree
  return tree.map(([kind, value]) => [
    kind,
    kind === 4 && typeof value === 'object' ? value.map(stripLookup) : value,
  ])
}

function isEndOfNothing(element: string | Tree): boolean {
  return /^\[\[3,"00000001"\],\[1,\[\[1,"0+"\]\]\]\]$/.test(JSON.stringify(element))
}

function stripLookup([kind, expression]: Tree[number]): Tree[number] {
  const isLookup = JSON.stringify(expression).startsWith('[[1,"6c6f6f6b757000"]')
  if (!isLookup || typeof expression === 'string') return [kind, expression]
  return [
    kind,
    expression.map(([part, data]) => [
      part,
      part === 2 && typeof data === 'object' ? data.filter(([attribute]) => attribute !== 4) : data,
    ]),
  ]
}

describe('the bytes of an operation are those that nft sends', () => {
  test.each(
    OPERATIONS.map((operation, i) => ({ operation, i, line: renderTransaction([operation]).trim() })),
  )('$line', ({ operation, i, line }) => {
    const expected = golden[i]
    expect(expected?.line).toBe(line)
    expect(
      messagesOf(encodeTransaction([operation]).bytes).map(({ type, payload }) => comparable(type, payload)),
    ).toEqual(
      expected?.messages.map(([type = '', payload = '']) =>
        comparable(Number(type), Buffer.from(payload, 'hex')),
      ),
    )
  })
})

describe('what was encoded is decoded', () => {
  test.each(RULES.map((rule) => [renderRule(rule), rule] as const))('%s', (text, rule) => {
    const [message] = messagesOf(encodeTransaction([{ do: 'add-rule', chain: 'c', rule }]).bytes)
    expect(decodeRule(message && attributesOf(message).get(4))).toEqual(rule)
    // And of nft's text the same becomes.
    expect(parseRule(text)).toEqual(rule)
  })

  test('a rule that none of ours is: its expressions', () => {
    const writer = createWriter()
    const head = { type: 0, flags: 0, sequence: 0, family: 0, resource: 0 }
    writer.message(head, () =>
      writer.nest(4, () =>
        writer.nest(1, () => {
          writer.text(1, 'counter')
          writer.nest(2, () => writer.u32(1, 7))
        }),
      ),
    )
    const [message] = [...readMessages(writer.bytes())]
    expect(decodeRule(message && attributesOf(message).get(4))).toEqual({
      do: 'foreign',
      text: '[ counter ]',
    })
  })

  test('elements: ranges, owners with their comments, and where pods go', () => {
    const added = OPERATIONS.filter((operation) => operation.do === 'add-elements')
    for (const { set, elements } of added) {
      const [message] = messagesOf(encodeTransaction([{ do: 'add-elements', set, elements }]).bytes)
      const found = message ? [...elementsIn(attributesOf(message))] : []
      const ranges = elements.flatMap((one) => ('range' in one ? [one.range] : []))
      const others = elements.flatMap((one) => {
        if ('range' in one) return []
        const held = 'goto' in one ? { verdict: { goto: one.goto } } : { value: digitsOf(one.value) }
        const comment = 'comment' in one ? one.comment : undefined
        return [{ key: digitsOf(one.key), ...held, comment }]
      })
      if (ranges.length > 0) expect(rangesOf(found)).toEqual(ranges)
      else expect(found).toEqual(others)
    }
  })
})

describe('a batch', () => {
  test('is acknowledged once, by its last operation; sequence numbers name operations', () => {
    const { bytes, operations, last } = encodeTransaction(OPERATIONS.slice(0, 3), 41)
    const all = [...readMessages(bytes)]
    expect(all.map(({ sequence }) => sequence)).toEqual([41, 42, 43, 44, 45])
    expect(all.map(({ flags }) => (flags & FLAGS.ack) !== 0)).toEqual([false, false, false, true, false])
    expect(operations).toEqual(OPERATIONS.slice(0, 3))
    expect(last).toBe(44)
  })

  test('a list that no attribute has room for is several messages', () => {
    const elements = Array.from({ length: 2001 }, (_, i) => {
      const digits = (0x0a000000 + 4 * i).toString(16).padStart(8, '0')
      const end = (0x0a000000 + 4 * i + 1).toString(16).padStart(8, '0')
      return { range: { family: 'ip', first: digits, end } } as const
    })
    const messages = messagesOf(encodeTransaction([{ do: 'add-elements', set: 's', elements }]).bytes)
    expect(messages).toHaveLength(9)
    const found = messages.flatMap((message) => [...elementsIn(attributesOf(message))])
    expect(rangesOf(found)).toEqual(elements.map(({ range }) => range))
  })
})

describe('what is cut short', () => {
  const { bytes } = encodeTransaction(OPERATIONS.slice(0, 1))

  test.each([1, 8, 15, 19, 30])('after %i bytes is told', (length) => {
    expect(() => [...readMessages(bytes.subarray(0, length))]).toThrow(TruncatedError)
  })

  test('an attribute that is longer than its message', () => {
    expect(() => [...listAttributes(Uint8Array.of(9, 0, 1, 0, 0))]).toThrow(TruncatedError)
    expect(() => [...listAttributes(Uint8Array.of(3, 0, 1, 0))]).toThrow(TruncatedError)
  })

  test('an error without the head that it is about', () => {
    const message = { type: 2, flags: 0, sequence: 1, payload: new Uint8Array(8) }
    expect(() => parseErrorMessage(message)).toThrow(TruncatedError)
  })
})

test("the kernel's own words, with and without the message that they are about", () => {
  const words = createWriter()
  words.message({ type: 0, flags: 0, sequence: 0, family: 0, resource: 0 }, () =>
    words.text(1, 'No such set'),
  )
  const attributes = words.bytes().subarray(20)
  const about = (capped: boolean) => {
    const original = Uint8Array.from({ length: capped ? 16 : 24 }, (_, i) => (i === 0 ? 24 : 0))
    return Uint8Array.of(0xfe, 0xff, 0xff, 0xff, ...original, ...attributes)
  }
  const flags = (capped: boolean) => FLAGS.attributes | (capped ? FLAGS.capped : 0)
  for (const capped of [true, false]) {
    const message = { type: 2, flags: flags(capped), sequence: 1, payload: about(capped) }
    expect(parseErrorMessage(message)).toEqual({ errno: 2, said: 'No such set' })
  }
})
