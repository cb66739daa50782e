import { CniError } from '../../cni/error'
import type { ToolResult } from '../../exec'
import { cannotRun, tooOld } from '../tools'
import { RefusedError, UnusableError } from '../unusable'
import { renderTransaction } from './render'
import type { Transaction } from './transaction'

/** Starts `nft` with a script on its stdin; deadline and PATH are the caller's. */
export type NftProcess = (args: readonly string[], input: string) => ToolResult

/**
 * Why nft did not do it.
 *
 * missing      a table, chain, map, set or element named does not exist
 * clash        an element exists with another value
 * denied       no CAP_NET_ADMIN
 * unknown      nft did not come to an end: deadline, killed
 * unusable     there is no nft that can be started
 * unsupported  the kernel has no nf_tables, or not all that our rules need of it
 * refused      anything else
 */
export type Failure = 'missing' | 'clash' | 'denied' | 'unknown' | 'unusable' | 'unsupported' | 'refused'

export type NftOutcome =
  | { readonly ok: true; readonly stdout: string }
  | { readonly ok: false; readonly failure: Failure; readonly said: string }

export function runTransaction(nft: NftProcess, transaction: Transaction): NftOutcome {
  const script = renderTransaction(transaction)
  return toOutcome(nft(['-f', '-'], script), script)
}

/** Would it be accepted? The kernel is asked, and changes nothing. */
export function runCheck(nft: NftProcess, transaction: Transaction): NftOutcome {
  return toOutcome(nft(['-c', '-f', '-'], renderTransaction(transaction)))
}

/**
 * How often to read and write again: what is rewritten after reading is refused when another call changed the same
 * addresses in between.
 */
export const ATTEMPTS = 5

/** `list map`, `list table`: one per run, a second makes nft deny that the first's object exists. */
export function runList(nft: NftProcess, what: string): NftOutcome {
  return toOutcome(nft(['-f', '-'], `list ${what}\n`))
}

function toOutcome(result: ToolResult, script = ''): NftOutcome {
  switch (result.outcome) {
    case 'exited': {
      if (result.status === 0) return { ok: true, stdout: result.stdout }
      const said = errorLine(result.stderr) || `nft ended with status ${result.status} and said nothing`
      if (cannotRun(result.status)) return { ok: false, failure: 'unusable', said }
      return { ok: false, failure: classify(said, script), said }
    }
    case 'killed':
      return { ok: false, failure: 'unknown', said: `nft was killed by ${result.signal}` }
    case 'deadline':
      return { ok: false, failure: 'unknown', said: `nft was killed after ${result.milliseconds} ms` }
    case 'not-started':
      return { ok: false, failure: 'unusable', said: result.tried.join(', ') }
    default:
      return result satisfies never
  }
}

/** nft's first line with an error; the linker and nft itself may warn before it. */
function errorLine(stderr: string): string {
  const lines = stderr.split('\n')
  return lines.find((line) => /\bError: /.test(line)) ?? lines[0] ?? ''
}

/**
 * nft's exit status is always 1; what happened is in its first error line only (the following ones quote the
 * script, and so anything an operator wrote). Phrases of nft 1.0.1 to 1.1.7; "busy" is what kernels before 5.17 call a
 * clash of values, and what all call a chain that is still gone to.
 */
export function classify(said: string, script = ''): Failure {
  const phrases: readonly (readonly [RegExp, Failure])[] = [
    [
      /(?:Operation|Protocol|Address family) not supported|by protocol|Function not implemented/,
      'unsupported',
    ],
    [/\bError: .*No such file or directory/, 'missing'],
    [/\bError: .*(?:File exists|Device or resource busy)/, 'clash'],
    [/\bError: .*(?:Operation not permitted|Permission denied|must be root)/, 'denied'],
  ]
  const failure = phrases.find(([phrase]) => phrase.test(said))?.[1] ?? 'refused'
  return failure === 'missing' && isOwnDeclaration(said, script) ? 'unsupported' : failure
}

/**
 * "No such file or directory", about a rule of a script that declares all that its rules name: what is not there is the
 * expression (masquerade, on kernels built without it).
 */
function isOwnDeclaration(said: string, script: string): boolean {
  if (!script.startsWith('add table ')) return false
  const number = Number(/^\S*stdin:(\d+):/.exec(said)?.[1])
  return /^add (?:rule|chain|map|set) /.test(script.split('\n')[number - 1] ?? '')
}

/** The CNI error for a failure that ends an ADD or a CHECK. `action`: "install the rules". */
export function toError(
  nft: NftProcess,
  action: string,
  { failure, said }: NftOutcome & { ok: false },
): CniError {
  switch (failure) {
    case 'unusable':
      return new UnusableError(
        `Cannot ${action}: no nft could be started; install nftables if it is missing`,
        said,
      )
    case 'unsupported':
      return new UnusableError(
        `Cannot ${action}: this kernel lacks what nft needs; use "backend": "auto" or "iptables"`,
        said,
      )
    case 'unknown':
      return new CniError('tryAgain', `Cannot ${action}: ${said}; try again`)
    case 'denied':
      return new RefusedError(`Cannot ${action}: run ip-masq as root with CAP_NET_ADMIN`, said)
    case 'missing':
    case 'clash':
      return new CniError('tryAgain', `Cannot ${action}: the table changes too fast; try again`, said)
    case 'refused':
      return new RefusedError(`Cannot ${action}: nft refused${ageNote(nft)}`, said)
    default:
      return failure satisfies never
  }
}

const OLDEST_NFT = [1, 0, 1] as const

/** Asked only after a refusal: an nft that is too old refuses with a syntax error that explains nothing. */
function ageNote(nft: NftProcess): string {
  const answer = toOutcome(nft(['--version'], ''))
  const version = tooOld(answer.ok ? answer.stdout : '', OLDEST_NFT)
  return version === undefined ? '' : `; this is nft ${version}, install ${OLDEST_NFT.join('.')} or later`
}
