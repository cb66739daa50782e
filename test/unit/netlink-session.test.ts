import { describe, expect, test } from 'vitest'
import { encodeTransaction } from '../../src/backend/nftables/netlink/encode'
import { createSession } from '../../src/backend/nftables/netlink/session'
import { wholeCarrier } from '../../src/backend/nftables/netlink/whole-carrier'
import { CONTROL, FLAGS } from '../../src/backend/nftables/netlink/wire'
import { createWriter } from '../../src/backend/nftables/netlink/writer'
import type { Transaction } from '../../src/backend/nftables/transaction'
import { ERRNO } from '../../src/system/errno'
import type { NetlinkSocket } from '../../src/system/netlink-socket'

/** What the kernel may answer, and cannot be made to at a given moment: a socket that says it. */

const head = { family: 1, resource: 0 }

/** A message with this payload behind the generic header. */
function answer(type: number, sequence: number, flags = 0): Uint8Array {
  const writer = createWriter()
  writer.message({ ...head, type, sequence, flags }, () => writer.u32(1, 7))
  return writer.bytes()
}

function error(sequence: number, errno: number): Uint8Array {
  const bytes = new Uint8Array(36)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 36, true)
  view.setUint16(4, CONTROL.error, true)
  view.setUint32(8, sequence, true)
  view.setInt32(16, -errno, true)
  return bytes
}

/** With another socket when this one is given up. */
const sessionOn = (socket: NetlinkSocket, next?: NetlinkSocket) => createSession(socket, () => next)

const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))

/** Answers in this order; a number is an errno. */
function socketThat(
  answers: (Uint8Array | number)[],
  send: number[] = [],
): NetlinkSocket & { asked: number; isClosed: boolean } {
  const socket = {
    asked: 0,
    isClosed: false,
    close() {
      socket.isClosed = true
    },
    send() {
      socket.asked++
      return send.shift() ?? 0
    },
    receive: () => answers.shift() ?? ERRNO.EAGAIN,
  }
  return socket
}

const ADD: Transaction = [{ do: 'add-table' }, { do: 'add-chain', name: 'c' }]
// The first message of a session has the number 1, and is the batch's begin.
const [BEGIN, TABLE, CHAIN] = [1, 2, 3]
const refused = (errno: number, said = '') => ({
  ok: false,
  refusal: expect.objectContaining({ errno, said }),
})

describe('a transaction', () => {
  const run = (...answers: (Uint8Array | number)[]) =>
    sessionOn(socketThat(answers)).run(ADD, encodeTransaction)

  test('is done when its last operation is acknowledged', () => {
    expect(encodeTransaction(ADD, BEGIN)).toMatchObject({ last: CHAIN })
    expect(run(error(CHAIN, 0))).toEqual({ ok: true, value: undefined })
  })

  test('of nothing is not sent', () => {
    const socket = socketThat([])
    expect(sessionOn(socket).run([], encodeTransaction)).toEqual({ ok: true, value: undefined })
    expect(socket.asked).toBe(0)
  })

  test('is refused for its first reason, whatever comes after', () => {
    expect(run(join(error(TABLE, ERRNO.EEXIST), error(CHAIN, ERRNO.ENOENT)))).toEqual(refused(ERRNO.EEXIST))
    expect(run(error(TABLE, ERRNO.EBUSY), error(CHAIN, 0))).toMatchObject({ refusal: { operation: ADD[0] } })
  })

  test('is refused as a whole: no other answer is waited for', () => {
    expect(run(error(BEGIN, ERRNO.EPERM))).toEqual(refused(ERRNO.EPERM))
  })

  test('of which nothing is known: no room for the answers, no answer, half of one', () => {
    expect(run(ERRNO.ENOBUFS)).toEqual(refused(ERRNO.ENOBUFS))
    expect(run()).toEqual(refused(ERRNO.EAGAIN))
    expect(run(error(CHAIN, 0).subarray(0, 20))).toEqual(
      refused(ERRNO.EMSGSIZE, 'a netlink message is cut short'),
    )
  })

  test.each([ERRNO.ENOBUFS, ERRNO.EMSGSIZE, ERRNO.EAGAIN])(
    'after error %i the next goes over another socket',
    (errno) => {
      const socket = socketThat([errno])
      const session = sessionOn(socket, socketThat([error(7, 0)]))
      expect(session.run(ADD, encodeTransaction)).toEqual(refused(errno))
      expect(socket.isClosed).toBe(true)
      expect(session.run(ADD, encodeTransaction)).toEqual({ ok: true, value: undefined })
    },
  )

  test('passes over what an earlier question left', () => {
    expect(run(join(error(77, ERRNO.EPERM), answer(0, 78)), error(CHAIN, 0)).ok).toBe(true)
  })

  test('that cannot be sent is not waited for', () => {
    const socket = socketThat([], [ERRNO.ENOBUFS])
    expect(sessionOn(socket).run(ADD, encodeTransaction)).toEqual(refused(ERRNO.ENOBUFS))
  })
})

describe('a dump', () => {
  const done = (sequence: number, flags = 0) => answer(CONTROL.done, sequence, flags)

  test('is what comes until it is done, in as many pieces as it takes', () => {
    const socket = socketThat([join(answer(9, 1), answer(9, 1)), join(answer(9, 1), done(1))])
    expect(sessionOn(socket).dump(9)).toMatchObject({
      ok: true,
      value: { messages: { length: 3 }, wasInterrupted: false },
    })
  })

  test.each([
    ['a message', join(answer(9, 1, FLAGS.interrupted), done(1))],
    ['its end', join(answer(9, 1), done(1, FLAGS.interrupted))],
    ['an error', error(1, ERRNO.EINTR)],
  ])('that was interrupted is marked: %s says so', (_, first) => {
    const socket = socketThat([first])
    expect(sessionOn(socket).dump(9)).toMatchObject({ ok: true, value: { wasInterrupted: true } })
  })

  test('of what is not there, and one that does not fit', () => {
    expect(sessionOn(socketThat([error(1, ERRNO.ENOENT)])).dump(9)).toEqual(refused(ERRNO.ENOENT))
    expect(sessionOn(socketThat([answer(9, 1), ERRNO.EMSGSIZE])).dump(9)).toEqual(refused(ERRNO.EMSGSIZE))
  })
})

describe('questions that are sent together', () => {
  const question = { type: 13, write: () => {} }

  test('each have an answer, in whatever order these come', () => {
    const socket = socketThat([join(answer(9, 3), error(2, ERRNO.ENOENT)), answer(9, 1)])
    expect(sessionOn(socket).getAll([question, question, question])).toMatchObject({
      ok: true,
      value: [{ ok: true }, refused(ERRNO.ENOENT), { ok: true }],
    })
    expect(socket.asked).toBe(1)
  })

  test('fail together where the socket fails: what did not come is not taken for what is not there', () => {
    const socket = socketThat([answer(9, 1), ERRNO.ENOBUFS])
    expect(sessionOn(socket).getAll([question, question])).toEqual(refused(ERRNO.ENOBUFS))
  })

  test('are sent in groups whose answers fit into the socket', () => {
    const answers = Array.from({ length: 20 }, (_, i) => answer(9, i + 1))
    const socket = socketThat(answers)
    const all = sessionOn(socket).getAll(answers.map(() => question))
    expect(all).toMatchObject({ ok: true, value: { length: 20 } })
    expect(socket.asked).toBe(2)
  })

  test('none needs no socket', () => {
    const socket = socketThat([])
    expect(sessionOn(socket).getAll([])).toEqual({ ok: true, value: [] })
    expect(socket.asked).toBe(0)
  })
})

describe('a kernel that answers EINVAL to a question', () => {
  const read = (...answers: (Uint8Array | number)[]) =>
    wholeCarrier(sessionOn(socketThat(answers))).isStanding()

  test('has no nf_tables if it does not know the generation of the rules either', () => {
    expect(read(error(1, ERRNO.EINVAL), error(2, ERRNO.EINVAL))).toEqual({
      ok: false,
      failure: 'unsupported',
      said: 'netlink: Invalid argument (this kernel has no nf_tables)',
    })
  })

  test('has nf_tables, and refuses the question, if it knows the generation', () => {
    expect(read(error(1, ERRNO.EINVAL), answer(0, 2))).toEqual({
      ok: false,
      failure: 'refused',
      said: 'netlink: Invalid argument',
    })
  })
})
