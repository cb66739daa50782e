import { formatAddress } from '../../../policy/address-text'
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

/** Asks the kernel whether it would accept the transaction; nothing is changed. */
export function runCheck(nft: NftProcess, transaction: Transaction): NftOutcome {
  return run(nft, ['-c', '-f', '-'], renderTransaction(transaction), transaction)
}

/** `list map` or `list table`, one per run: with a second one nft reports that the first one's object does not exist. */
export function runList(nft: NftProcess, what: string): NftOutcome {
  return run(nft, ['-f', '-'], `list ${what}\n`)
}

/** Runs a script of another kind, for example for tables that are not ours. */
export function runScript(nft: NftProcess, args: readonly string[], script: string): NftOutcome {
  return run(nft, [...args, '-f', '-'], script)
}

/** Gets elements by their keys, each printed as a listing of its map. It is refused as a whole if one does not exist. */
export function runGet(nft: NftProcess, keys: readonly ElementKey[]): NftOutcome {
  const lines = keys.map(({ set, key }) => `get element ${TABLE} ${set} { ${formatAddress(key)} }\n`)
  return run(nft, ['-f', '-'], lines.join(''))
}

/** The most runs where others commit all the time. A run takes some milliseconds, and all of them share one deadline. */
const MOST_RUNS = 300

/**
 * Runs nft, and repeats the run after EINTR. nft first reads what it needs of the ruleset, and gives up with EINTR when
 * somebody commits meanwhile; then nothing was changed.
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
      return { ...outcome, said: `other programs change the rules all the time, so nft gave up ${i} times` }
  }
}

/** strerror(3) of EINTR. */
const INTERRUPTED = /\bError: .*Interrupted system call/

function toOutcome(result: ToolResult, transaction: Transaction = []): NftOutcome {
  switch (result.outcome) {
    case 'exited': {
      if (result.status === 0) return { ok: true, stdout: result.stdout }
      const said = errorLine(result.stderr) || `nft ended with status ${result.status} and printed no error`
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

/** The first line of nft that has an error; the linker and nft itself may print warnings before it. */
function errorLine(stderr: string): string {
  const lines = stderr.split('\n')
  return lines.find((line) => /\bError: /.test(line)) ?? lines[0] ?? ''
}

/**
 * Classifies an error. nft's exit status is always 1; only its first error line shows what happened. The following lines
 * quote the script, and so anything that an operator wrote. The phrases are those of nft 1.0.1 to 1.1.7. Kernels before
 * 5.17 answer "busy" for a clash of values, and all kernels answer it for a chain that something still leads to. A kernel
 * without nf_tables answers "Invalid argument" when nft begins to read.
 */
export function classify(said: string, transaction: Transaction = []): Failure {
  const phrases: readonly (readonly [RegExp, Failure])[] = [
    [
      /(?:Operation|Protocol|Address family) not supported|by protocol|Function not implemented|cache initialization failed: Invalid argument/,
      'unsupported',
    ],
    [/\bError: .*No such file or directory/, 'missing'],
    [/\bError: .*(?:File exists|Device or resource busy)/, 'clash'],
    [INTERRUPTED, 'unknown'],
    [/\bError: .*(?:Operation not permitted|Permission denied|must be root)/, 'denied'],
  ]
  const failure = phrases.find(([phrase]) => phrase.test(said))?.[1] ?? 'refused'
  // A transaction has one line for each operation.
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
