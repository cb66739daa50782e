import type { Network } from '../cni/conflists'
import { findOwnPlugin } from '../cni/conflists'
import { isLogFile } from '../config/log-file'
import { inPlainWords } from '../system/plain-words'
import { countCalls } from './call-counts'
import { type CallLog, followCallLog } from './call-log'
import type { Sample } from './exposition'

/** The logs of calls that conflists name, counted together. */
export interface CallLogs {
  /** Reads what was added since the last look. Returns the logs that could not be read, with the reasons, one line each. */
  look(networks: Iterable<Network>): readonly string[]
  /** Empty if no conflist names a log, because then nothing counts the calls. */
  samples(): Sample[]
}

/** With `fromEnd`, only what is added after the first look counts. A watch counts from its start. */
export function countCallLogs({ fromEnd }: { readonly fromEnd: boolean }): CallLogs {
  const logs = new Map<string, CallLog>()
  const counts = countCalls()
  return {
    look(networks) {
      const problems: string[] = []
      for (const path of logFilesOf(networks)) {
        const log = logs.get(path) ?? followCallLog(path, { fromEnd })
        logs.set(path, log)
        try {
          log.look(counts.add)
        } catch (error) {
          problems.push(`Cannot count the calls in ${path}: ${inPlainWords(error)}`)
        }
      }
      return problems
    },
    samples: () => (logs.size > 0 ? counts.samples() : []),
  }
}

function logFilesOf(networks: Iterable<Network>): ReadonlySet<string> {
  const files = [...networks].map(({ plugins }) => findOwnPlugin(plugins)?.logFile)
  return new Set(files.filter(isLogFile))
}
