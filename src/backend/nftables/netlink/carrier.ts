import type { Host } from '../../backend'
import { attachmentDigest } from '../../identity'
import { mayChangeRules, NO_CAPABILITY } from '../../tools'
import type { Carrier, Failed, Failure, Outcome } from '../carrier'
import { OWNERS } from '../layout'
import type { OwnedAddress } from '../table-state'
import type { Operation, Transaction } from '../transaction'
import { ownerAddress, pairsIn } from './decode'
import { baseChainStands, messagesOfSet, RefusedRead, readOwnersOnly, readWholeTable } from './read'
import { addressOfBytes, hexBytes } from './rules'
import type { Refusal, Session } from './session'
import { ERRNO } from './socket'

/** The kernel's own interface: no process, and errors that are numbers. */
export function netlinkCarrier(session: Session, host: Host): Carrier {
  return {
    run(transaction) {
      const answer = session.run(transaction)
      return answer.ok ? answer : failed(answer.refusal, transaction)
    },
    readTable: (policies, isAtOnce = false) => reading(() => readWholeTable(session, { policies, isAtOnce })),
    readOwners: () => reading(() => readOwnersOnly(session)),
    findOwned: (attachment) =>
      reading(() => {
        const digest = hexBytes(attachmentDigest(attachment))
        const owned: OwnedAddress[] = []
        let hasMark = false
        // A search for bytes is fast; what is found may be a part of something else, and so is taken apart.
        const messages = messagesOfSet(session, OWNERS).filter(
          ({ payload }) => holds(payload, digest) || holds(payload, NOWHERE_KEY),
        )
        for (const { key, value } of pairsIn(messages)) {
          if (key.every((byte) => byte === 0)) hasMark = true
          if (digest.every((byte, i) => byte === value[i]))
            owned.push({ address: ownerAddress(key), owner: addressOfBytes(value) })
        }
        return { owned, hasMark }
      }),
    isStanding() {
      const outcome = reading(() => baseChainStands(session))
      return !outcome.ok && outcome.failure === 'missing' ? { ok: true, value: false } : outcome
    },
    async probe() {
      const isAllowed = await mayChangeRules(host)
      if (isAllowed !== undefined) return isAllowed ? [] : [NO_CAPABILITY]
      const outcome = reading(() => baseChainStands(session))
      return outcome.ok || outcome.failure === 'missing' ? [] : [outcome.said]
    },
    explainRefusal: () => 'the kernel refused',
    explainUnusable: () => UNUSABLE,
  }
}

/** `NOWHERE` as the key of an element: 16 bytes. */
const NOWHERE_KEY = new Uint8Array(16)

function holds(bytes: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(Buffer.from(part))
}

const UNUSABLE = 'no netlink socket can be opened here; use "carrier": "auto"'

/** Where netlink is insisted on, and there is none. */
export function noNetlinkCarrier(): Carrier {
  const refuse = () => ({ ok: false, failure: 'unusable', said: UNUSABLE }) as const
  return {
    run: refuse,
    readTable: refuse,
    readOwners: refuse,
    findOwned: refuse,
    isStanding: refuse,
    probe: async () => [UNUSABLE],
    explainRefusal: () => UNUSABLE,
    explainUnusable: () => UNUSABLE,
  }
}

function reading<T>(read: () => T): Outcome<T> {
  try {
    return { ok: true, value: read() }
  } catch (error) {
    if (error instanceof RefusedRead) return failed(error.refusal)
    throw error
  }
}

/** By errno, on purpose; what is not named here is told as the kernel says it. */
const FAILURES: ReadonlyMap<number, Failure> = new Map([
  [ERRNO.ENOENT, 'missing'],
  [ERRNO.EEXIST, 'clash'],
  // Kernels before 5.17, of an element with another value; and of a chain that something goes to.
  [ERRNO.EBUSY, 'clash'],
  [ERRNO.EPERM, 'denied'],
  [ERRNO.EACCES, 'denied'],
  [ERRNO.EOPNOTSUPP, 'unsupported'],
  [ERRNO.EPROTONOSUPPORT, 'unsupported'],
  [ERRNO.EAFNOSUPPORT, 'unsupported'],
  [ERRNO.ENOSYS, 'unsupported'],
  // Read too often in vain; no answer in time; answers lost for want of room; answers cut short.
  [ERRNO.EINTR, 'unknown'],
  [ERRNO.EAGAIN, 'unknown'],
  [ERRNO.ENOBUFS, 'unknown'],
  [ERRNO.EMSGSIZE, 'unknown'],
])

function failed(refusal: Refusal, transaction: Transaction = []): Failed {
  const failure = FAILURES.get(refusal.errno) ?? 'refused'
  const isExpression = failure === 'missing' && isOwnDeclaration(refusal.operation, transaction)
  return {
    ok: false,
    failure: isExpression ? 'unsupported' : failure,
    said: describe(refusal),
  }
}

/**
 * "No such file or directory", about a rule of a transaction that declares all that its rules name: what is not there is
 * the expression (masquerade, on kernels built without it).
 */
function isOwnDeclaration(operation: Operation | undefined, [first]: Transaction): boolean {
  const declarations: readonly Operation['do'][] = [
    'add-rule',
    'add-base-chain',
    'add-chain',
    'add-map',
    'add-set',
  ]
  return first?.do === 'add-table' && operation !== undefined && declarations.includes(operation.do)
}

/** `netlink: add-rule policy-…: No such file or directory`: what an operator finds in an error's details. */
function describe({ errno, said, operation }: Refusal): string {
  const what = operation ? `${operation.do}${objectOf(operation)}: ` : ''
  return `netlink: ${what}${WORDS.get(errno) ?? `error ${errno}`}${said && ` (${said})`}`
}

const WORDS: ReadonlyMap<number, string> = new Map([
  [ERRNO.EPERM, 'Operation not permitted'],
  [ERRNO.ENOENT, 'No such file or directory'],
  [ERRNO.EINTR, 'Interrupted'],
  [ERRNO.EAGAIN, 'No answer in time'],
  [ERRNO.EACCES, 'Permission denied'],
  [ERRNO.EBUSY, 'Device or resource busy'],
  [ERRNO.EEXIST, 'File exists'],
  [ERRNO.EINVAL, 'Invalid argument'],
  [ERRNO.ENOSYS, 'Function not implemented'],
  [ERRNO.EMSGSIZE, 'Message too long'],
  [ERRNO.EPROTONOSUPPORT, 'Protocol not supported'],
  [ERRNO.EOPNOTSUPP, 'Operation not supported'],
  [ERRNO.EAFNOSUPPORT, 'Address family not supported'],
  [ERRNO.ENOBUFS, 'No buffer space available'],
])

function objectOf(operation: Operation): string {
  if ('name' in operation) return ` ${operation.name}`
  if ('set' in operation) return ` ${operation.set}`
  return 'chain' in operation ? ` ${operation.chain}` : ''
}
