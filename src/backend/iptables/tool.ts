import { CniError } from '../../cni/error'
import type { Family } from '../../policy/address'
import type { ToolResult } from '../../system/tools'
import { explainDenial } from '../denied'
import { DeniedError, RefusedError, UnusableError } from '../tolerances'
import { cannotRun } from '../unfit-tools'
import { renderTransaction } from './render'
import type { Transaction } from './transaction'

/** Starts one of iptables' tools with a script on its stdin; deadline and PATH are the caller's. */
export type ToolProcess = (tool: string, args: readonly string[], input: string) => ToolResult

/** The plain iptables of the host, or one of the two kinds that Debian installs together. */
export type Variant = '' | '-nft' | '-legacy'

export interface Iptables {
  readonly run: ToolProcess
  readonly variant: Variant
  /** Whether there can be rules of this kind and family. Listing a table that does not exist would create it. */
  readonly hasTable: (family: Family) => boolean
  /** Whether there may be rules already: false where the kernel shows that there is no nat table. */
  readonly mayHaveRules: (family: Family) => boolean
}

export const TOOLS: Readonly<Record<Family, string>> = { ip: 'iptables', ip6: 'ip6tables' }

/** How long to wait for others who hold the xtables lock: well below the two minutes that kubelet gives a call. */
export const LOCK_SECONDS = 10

/**
 * Why it was not done.
 *
 * refused      a chain or rule exists that must not, or is missing; or the tool does not know something
 * locked       other processes held the lock all the time (exit status 4)
 * denied       no CAP_NET_ADMIN
 * unknown      the tool did not end
 * unusable     there is no tool that can be started
 * unsupported  the kernel has no nat table, or none for this family
 */
export type Failure = 'refused' | 'locked' | 'denied' | 'unknown' | 'unusable' | 'unsupported'

export type Outcome =
  | { readonly ok: true; readonly stdout: string }
  | { readonly ok: false; readonly failure: Failure; readonly said: string; readonly tool: string }

export function runTransaction(iptables: Iptables, family: Family, transaction: Transaction): Outcome {
  return runScript(iptables, family, renderTransaction(transaction))
}

/** A script for `iptables-restore`, which the kernel runs whole or not at all. */
export function runScript(iptables: Iptables, family: Family, script: string): Outcome {
  const tool = `${TOOLS[family]}${iptables.variant}-restore`
  return toOutcome(tool, iptables.run(tool, ['--noflush', '-w', `${LOCK_SECONDS}`], script))
}

/** `-S` for one chain, or for the whole nat table, which has tens of thousands of rules on some nodes. */
export function runList(iptables: Iptables, family: Family, chain?: string): Outcome {
  return runListIn(iptables, family, { table: 'nat', ...(chain && { chain }) })
}

/** The same for any table. Listing a table that does not exist would create it. */
export function runListIn(
  iptables: Pick<Iptables, 'run' | 'variant'>,
  family: Family,
  { table, chain }: { readonly table: string; readonly chain?: string },
): Outcome {
  const tool = `${TOOLS[family]}${iptables.variant}`
  const args = ['-w', `${LOCK_SECONDS}`, '-t', table, '-S', ...(chain ? [chain] : [])]
  return toOutcome(tool, iptables.run(tool, args, ''))
}

/** The line that `iptables --version` prints: `iptables v1.8.9 (nf_tables)`. */
export function runVersion({ run, variant }: Pick<Iptables, 'run' | 'variant'>): string {
  const result = run(`${TOOLS.ip}${variant}`, ['--version'], '')
  return result.outcome === 'exited' ? result.stdout : ''
}

/** Whether the chain has this rule. */
export function hasRule(iptables: Iptables, family: Family, rule: readonly string[]): boolean {
  const tool = `${TOOLS[family]}${iptables.variant}`
  return toOutcome(tool, iptables.run(tool, ['-w', `${LOCK_SECONDS}`, '-t', 'nat', '-C', ...rule], '')).ok
}

function toOutcome(tool: string, result: ToolResult): Outcome {
  switch (result.outcome) {
    case 'exited': {
      if (result.status === 0) return { ok: true, stdout: result.stdout }
      const said =
        errorText(result.stderr) || `${tool} ended with status ${result.status} and printed no error`
      return { ok: false, tool, failure: classify(result.status, result.stderr), said }
    }
    case 'killed':
      return { ok: false, tool, failure: 'unknown', said: `${tool} was killed by ${result.signal}` }
    case 'deadline':
      return {
        ok: false,
        tool,
        failure: 'unknown',
        said: `${tool} was killed after ${result.milliseconds} ms`,
      }
    case 'not-started':
      return { ok: false, tool, failure: 'unusable', said: result.tried.join(', ') }
    default:
      return result satisfies never
  }
}

/** The first line; the nft kind puts the text after the colon into the next line, and then that too. */
function errorText(stderr: string): string {
  const lines = stderr.split('\n').flatMap((line) => line.trim() || [])
  return (lines[0]?.endsWith(':') ? lines.slice(0, 2) : lines.slice(0, 1)).join(' ')
}

/** The third is what the nft kind reports on a kernel that has nfnetlink and no nf_tables. */
const UNSUPPORTED =
  /Table does not exist|Failed to initialize nft|rule set generation id: Invalid argument|(?:Protocol|Address family) not supported/

/**
 * Tells failures apart by the exit status and by phrases of iptables 1.6.2 to 1.8.11. Status 4 is the lock (xtables'
 * RESOURCE_PROBLEM), or for the nft kind a refusal by the kernel.
 */
export function classify(status: number, said: string): Failure {
  if (cannotRun(status)) return 'unusable'
  if (/must be root|Permission denied|Operation not permitted/.test(said)) return 'denied'
  if (status === 4 && /lock/i.test(said)) return 'locked'
  if (UNSUPPORTED.test(said)) return 'unsupported'
  return 'refused'
}

/**
 * The CNI error for a failure that ends an ADD or a CHECK. `action` is, for example, "install the rules"; `advice` is
 * added to a refusal.
 */
export function toError(
  action: string,
  { failure, said, tool }: Outcome & { ok: false },
  advice?: string,
): CniError {
  switch (failure) {
    case 'unusable':
      return new UnusableError(
        `Cannot ${action}: ${tool} could not be started; install iptables if it is missing`,
        said,
      )
    case 'unsupported':
      return new UnusableError(`Cannot ${action}: this kernel has no nat table for ${tool}`, said)
    case 'unknown':
      return new CniError('tryAgain', `Cannot ${action}: ${said}; try again`)
    case 'locked':
      return new CniError(
        'tryAgain',
        `Cannot ${action}: other processes held the xtables lock for ${LOCK_SECONDS} s; try again`,
        said,
      )
    case 'denied':
      return new DeniedError(`Cannot ${action}: ${explainDenial(said)}`, said)
    case 'refused':
      return new RefusedError(`Cannot ${action}: ${advice ?? 'iptables refused the request'}`, said)
    default:
      return failure satisfies never
  }
}

/** How often to read and write again. A write is refused when something changed after the read. */
export const ATTEMPTS = 5
