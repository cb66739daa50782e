import { epochSeconds, now } from '#system/clock'
import { parseAttachment } from '../cni/attachment'
import type { Environment } from '../cni/environment'
import { quote } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { isLogFile } from '../config/log-file'
import { VERSION } from '../system/version'
import { appendLine } from './append'
import { renderLine, timeOf } from './line'

/** A call whose config names a log. */
export interface Logged {
  readonly config: JsonObject
  /** When the config had been read (`now` of `#system/clock`). */
  readonly startedMs: number
}

/** What a call answers; `stdout` is the error's JSON where it is one (spec: "Error"). */
export interface Ended {
  readonly stdout: string
  readonly warnings: readonly string[]
  readonly isError: boolean
}

/**
 * Logs a call that has its answer, and returns the answer. Nothing here fails a call: why there is no line is one more warning. A
 * STATUS that succeeds is not logged, because a runtime calls it every few seconds.
 */
export function logCall<E extends Ended>(environment: Environment, ended: E, logged: Logged): E {
  if (environment.CNI_COMMAND === 'STATUS' && !ended.isError) return ended
  const problem = append(environment, ended, logged)
  return problem === undefined ? ended : { ...ended, warnings: [...ended.warnings, problem] }
}

function append(environment: Environment, ended: Ended, logged: Logged): string | undefined {
  const { logFile } = logged.config
  if (isLogFile(logFile)) return appendLine(logFile, renderLine(recordOf(environment, ended, logged)))
  // The error says it where the verb reads our keys; a DEL does not.
  return ended.isError
    ? undefined
    : `Cannot log to ${quote(logFile)}: write an absolute path that ends in ".log"`
}

function recordOf(environment: Environment, ended: Ended, { config, startedMs }: Logged) {
  const network = typeof config.name === 'string' ? config.name : ''
  const { containerID, ifname, pod } = parseAttachment(environment, network)
  return {
    time: timeOf(epochSeconds()),
    verb: environment.CNI_COMMAND ?? '',
    network,
    ...(containerID !== '' && { containerID }),
    ...(ifname !== '' && { ifname }),
    ...(pod !== '' && { pod }),
    durationMs: Math.round((now() - startedMs) * 1000) / 1000,
    ...outcomeOf(ended),
    ...(ended.warnings.length > 0 && { warnings: ended.warnings }),
    version: VERSION,
  }
}

function outcomeOf({ isError, stdout }: Ended) {
  if (!isError) return { outcome: 'ok' }
  const answered: unknown = JSON.parse(stdout)
  const { code, msg } = isObject(answered) ? answered : {}
  return { outcome: 'failed', code, msg }
}
