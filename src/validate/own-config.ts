import { toCniError } from '../cni/error'
import type { JsonObject } from '../cni/json'
import { backendSetting } from '../config/backend-setting'
import type { Fault } from '../config/fault'
import { intentOf, type Settings } from '../config/intent'
import type { Config } from '../config/keys'
import { parseConfig } from '../config/parse'
import { NO_SOURCES } from '../config/settings'
import { readSources, type Sources } from '../config/sources'
import { warningsOf } from '../config/warnings'
import { leftOutWarnings } from '../policy/decide'
import type { Intent } from '../policy/intent'
import type { InterfaceAddress } from '../policy/prefix'
import { find, namedFilesRoot, type Part, type Report } from './judgement'
import { reportFileFault, reportNamedFiles } from './named-files'
import { pointlessIn } from './pointless'

/** The switches of ip-masq that matter for judging other plugins. */
export type OwnConfig = Pick<Config, 'pinExemptions'>

/**
 * Judges our part of a config with the reader of ADD. `ips` are addresses that pods of the network may have, according
 * to the conflist.
 */
export async function judgeOwnConfig(
  report: Report,
  part: Part,
  { config: raw, ips }: { readonly config: JsonObject; readonly ips: readonly InterfaceAddress[] },
): Promise<OwnConfig> {
  const { faults, settings, intent } = await readAsAdd(raw, report.terms)
  for (const fault of faults) {
    if (fault.file === undefined) reportFault(report, part, fault)
    else reportFileFault(report, { ...fault, file: fault.file })
  }
  await reportNamedFiles(report, part, settings.config)
  // With faults, further findings would be about a config that nobody wrote.
  if (faults.length === 0) reportDoubts(report, part, { raw, settings, intent, ips })
  return settings.config
}

interface Read {
  readonly faults: readonly Fault[]
  readonly settings: Settings
  readonly intent: Intent
}

/** Reads a config as ADD does, but collects all faults. ADD ends at the first. */
export async function readAsAdd(raw: JsonObject, terms: Report['terms']): Promise<Read> {
  const faults: Fault[] = []
  const refuse = (fault: Fault) => {
    faults.push(fault)
  }
  const config = parseConfig(raw, refuse)
  const sources: Sources = terms.readsNamedFiles
    ? await readSources(config, { refuse, root: namedFilesRoot(terms) })
    : NO_SOURCES
  const settings = { config, sources }
  const intent = intentOf(settings, '', refuse)
  try {
    backendSetting(config)
  } catch (error) {
    const { reason, message } = toCniError(error)
    refuse({ reason, path: ['ipMasqBackend'], message })
  }
  return { faults, settings, intent }
}

/** If we may not look at a file, nothing is known about its contents. */
const DENIED = /\b(?:EACCES|EPERM)\b/
const MISSING = /\b(?:ENOENT|ENOTDIR)\b/

function reportFault(report: Report, part: Part, { path, message: said, details = '' }: Fault): void {
  const isFile = details !== ''
  const rule = DENIED.test(details) ? 'unreadable' : isFile ? 'named-file' : 'config'
  const isElsewhere = MISSING.test(details) && report.terms.filesRoot === ''
  const message = isElsewhere ? `${said}; use --offline if only nodes have it` : said
  find(report, part, { severity: 'error', rule, path, message })
}

interface Doubtful {
  readonly raw: JsonObject
  readonly settings: Settings
  readonly intent: Intent
  readonly ips: readonly InterfaceAddress[]
}

/** Reports the warnings of an ADD, and entries that have no effect. */
function reportDoubts(report: Report, part: Part, { raw, settings, intent, ips }: Doubtful): void {
  const { config } = settings
  for (const message of warningsOf(settings))
    find(report, part, { severity: 'warning', rule: 'ignored', message })
  const path = ['nonMasqueradeCIDRs']
  for (const message of leftOutWarnings(intent, ips)) {
    find(report, part, { severity: 'warning', rule: 'family-left-out', path, message })
  }
  const namesFiles = config.configFiles.length > 0 || config.flannelSubnetFile !== false
  const isWhole = report.terms.readsNamedFiles || !namesFiles
  for (const one of pointlessIn(settings, { raw, ips, isWhole })) {
    find(report, part, { severity: 'warning', rule: 'pointless', ...one })
  }
}
