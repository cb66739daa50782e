import { ERRNO } from '../../../system/errno'
import { once } from '../../../system/once'
import type { Failed, Failure } from '../carrier'
import type { Operation, Transaction } from '../transaction'
import { isOwnDeclaration } from '../transaction'
import type { Refusal } from './session'

/**
 * The errnos that verbs tell apart; any other is `refused`. The map is made at its first use, because most calls do not
 * fail.
 */
const FAILURES = once(
  () =>
    new Map<number, Failure>([
      [ERRNO.ENOENT, 'missing'],
      [ERRNO.EEXIST, 'clash'],
      // Kernels before 5.17 answer this for an element with another value. All kernels answer it for a chain that
      // something leads to.
      [ERRNO.EBUSY, 'clash'],
      [ERRNO.EPERM, 'denied'],
      [ERRNO.EACCES, 'denied'],
      [ERRNO.EOPNOTSUPP, 'unsupported'],
      [ERRNO.EPROTONOSUPPORT, 'unsupported'],
      [ERRNO.EAFNOSUPPORT, 'unsupported'],
      [ERRNO.ENOSYS, 'unsupported'],
      // In order: read too often in vain, no answer in time, answers lost for lack of room, answers cut short.
      [ERRNO.EINTR, 'unknown'],
      [ERRNO.EAGAIN, 'unknown'],
      [ERRNO.ENOBUFS, 'unknown'],
      [ERRNO.EMSGSIZE, 'unknown'],
    ]),
)

export function failed(refusal: Refusal, transaction: Transaction = []): Failed {
  const failure = FAILURES().get(refusal.errno) ?? 'refused'
  const isExpression = failure === 'missing' && isOwnDeclaration(refusal.operation, transaction)
  return {
    ok: false,
    failure: isExpression ? 'unsupported' : failure,
    said: describe(refusal),
  }
}

/** The text in an error's details: `netlink: add-rule policy-…: No such file or directory`. */
function describe({ errno, said, operation }: Refusal): string {
  const what = operation ? `${operation.do}${objectOf(operation)}: ` : ''
  return `netlink: ${what}${WORDS().get(errno) ?? `error ${errno}`}${said && ` (${said})`}`
}

const WORDS = once(
  () =>
    new Map<number, string>([
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
    ]),
)

function objectOf(operation: Operation): string {
  if ('name' in operation) return ` ${operation.name}`
  if ('set' in operation) return ` ${operation.set}`
  return 'chain' in operation ? ` ${operation.chain}` : ''
}
