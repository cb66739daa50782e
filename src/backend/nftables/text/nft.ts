import { formatAddress } from '../../../policy/address'
import type { ToolResult } from '../../../system/tools'
import { cannotRun, tooOld } from '../../unfit-tools'
import type { ElementKey, Failed, Failure } from '../carrier'
import { renderTransaction, TABLE } from '../render'
import type { Transaction } from '../transaction'
import { isOwnDeclaration } from '../transaction'

/** Starts `nft` with a script on its stdin; deadline and PATH are the caller's. */
export type NftProcess = (args: readonly string[], input: string) => ToolResult

export type NftOutcome = { readonly ok: true; readonly stdout: string } | Failed

export function runTransaction(nft: NftProcess, transaction: Transaction): NftOutcome {
  return run(nft, ['-f', '-'], renderTransaction(transaction), transaction)
}

/** Would it be accepted? The kernel is asked, and changes nothing. */
export function runCheck(nft: NftProcess, transaction: Transaction): NftOutcome {
  return run(nft, ['-c', '-f', '-'], renderTransaction(transaction))
}

/** `list map`, `list table`: one per run, a second makes nft deny that the first's object exists. */
export function runList(nft: NftProcess, what: string): NftOutcome {
  return run(nft, ['-f', '-'], `list ${what}\n`)
}

/** A script of another kind, as for tables that are not ours. */
export function runScript(nft: NftProcess, args: readonly string[], script: string): NftOutcome {
  return run(nft, [...args, '-f', '-'], script)
}

/** Elements by their keys, each printed as a listing of its map; refused as a whole where one does not exist. */
export function runGet(nft: NftProcess, keys: readonly ElementKey[]): NftOutcome {
  const lines = keys.map(({ set, key }) => `get element ${TABLE} ${set} { ${formatAddress(key)} }\n`)
  return run(nft, ['-f', '-'], lines.join(''))
}

/** So often at most, where others commit all the time: a run takes some milliseconds, and all have one deadline. */
const MOST_RUNS = 300

/**
 * nft reads what it needs of the ruleset first, and gives up with EINTR when somebody commits meanwhile. Nothing was changed
 * then, so it is run again.
 */
function run(
  nft: NftProcess,
  args: readonly string[],
  input: string,
  transaction: Transaction = [],
): NftOutcome {
  for (let i = 1; ; i++) {
    const outcome = toOutcome(nft(args, input), transaction)
    if (outcome.ok || outcome.failure !== 'unknown' || !INTERRUPTED.test(outcome.said)) return outcome
    if (i === MOST_RUNS)
      return { ...outcome, said: `others change the rules all the time, and nft gave up ${i} times` }
  }
}

/** strerror(3) of EINTR. */
const INTERRUPTED = /\bError: .*Interrupted system call/

function toOutcome(result: ToolResult, transaction: Transaction = []): NftOutcome {
  switch (result.outcome) {
    case 'exited': {
      if (result.status === 0) return { ok: true, stdout: result.stdout }
      const said = errorLine(result.stderr) || `nft ended with status ${result.status} and said nothing`
      if (cannotRun(result.status)) return { ok: false, failure: 'unusable', said }
      return { ok: false, failure: classify(said, transaction), said }
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
export function classify(said: string, transaction: Transaction = []): Failure {
  const phrases: readonly (readonly [RegExp, Failure])[] = [
    [
      /(?:Operation|Protocol|Address family) not supported|by protocol|Function not implemented/,
      'unsupported',
    ],
    [/\bError: .*No such file or directory/, 'missing'],
    [/\bError: .*(?:File exists|Device or resource busy)/, 'clash'],
    [INTERRUPTED, 'unknown'],
    [/\bError: .*(?:Operation not permitted|Permission denied|must be root)/, 'denied'],
  ]
  const failure = phrases.find(([phrase]) => phrase.test(said))?.[1] ?? 'refused'
  // A transaction is a line for each operation.
  const operation = transaction[Number(/^\S*stdin:(\d+):/.exec(said)?.[1]) - 1]
  return failure === 'missing' && isOwnDeclaration(operation, transaction) ? 'unsupported' : failure
}

const OLDEST_NFT = [1, 0, 1] as const

/** Asked only after a refusal: an nft that is too old refuses with a syntax error that explains nothing. */
export function ageNote(nft: NftProcess): string {
  const answer = run(nft, ['--version'], '')
  const version = tooOld(answer.ok ? answer.stdout : '', OLDEST_NFT)
  return version === undefined ? '' : `; this is nft ${version}, install ${OLDEST_NFT.join('.')} or later`
}
