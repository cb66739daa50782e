import { DEFAULT_CACHE_DIR } from '../../cni/paths'
import { PROFILES, type ProfileName } from '../../install/profiles'
import type { Status, Switch, ValueOption } from '../table/command'
import { DIRECTORY, DURATION, ENDPOINT, HOST_ROOT, oneOf, PORT } from '../table/kinds'

/** Options that several commands have. A command writes another help text or default over them where it differs. */

const profiles = oneOf(Object.keys(PROFILES) as ProfileName[])

export const PROFILE = {
  flag: '--profile',
  value: 'NAME',
  kind: profiles,
  default: 'default',
  help: 'use the conflist directory of this distribution',
} as const satisfies ValueOption

/** The directories of the profile, for the default of another option. */
export function profileOf(textOf: (flag: string) => string | undefined) {
  return PROFILES[profiles.read(textOf(PROFILE.flag) ?? PROFILE.default)]
}

export const CONF_DIR = {
  flag: '--conf-dir',
  value: 'DIR',
  kind: DIRECTORY,
  default: { shown: PROFILES.default.confDir, from: (textOf) => profileOf(textOf).confDir },
  help: 'where the conflists are',
} as const satisfies ValueOption

export const CACHE_DIR = {
  flag: '--cache-dir',
  value: 'DIR',
  kind: DIRECTORY,
  repeated: true,
  default: DEFAULT_CACHE_DIR,
  help: 'where runtimes keep their results, in DIR/results and DIR/*/results',
} as const satisfies ValueOption

export const DRY_RUN = {
  flag: '--dry-run',
  help: 'print what would change, and change nothing',
} as const satisfies Switch

export const JSON_OUTPUT = {
  flag: '--json',
  help: 'print a JSON object instead of lines',
} as const satisfies Switch

export const GRACE = {
  flag: '--grace',
  value: 'TIME',
  kind: DURATION,
  default: '10m',
  help: 'a pod of which only the cache entry is gone keeps its rules for this time after its ADD',
} as const satisfies ValueOption

export const KEEP_PRIMARY_RULES = {
  flag: '--keep-primary-rules',
  help: 'report the masquerade rules that bridge or ptp left, and do not remove them',
} as const satisfies Switch

export const HEALTH_PORT = {
  flag: '--health-port',
  value: 'PORT',
  kind: PORT,
  onlyWith: ['--watch'],
  help: 'answer /livez and /readyz at this port of 127.0.0.1',
} as const satisfies ValueOption

/** It is off by default, because everybody who reaches the address may ask, without saying who they are. */
export const METRICS_ADDRESS = {
  flag: '--metrics-address',
  value: 'ADDRESS:PORT',
  kind: ENDPOINT,
  onlyWith: ['--watch'],
  help: 'answer /metrics at this address, for a Prometheus on another machine',
} as const satisfies ValueOption

export const LOG_FORMAT = {
  flag: '--log-format',
  value: 'FORMAT',
  kind: oneOf(['text', 'json']),
  default: 'text',
  onlyWith: ['--watch'],
  help: 'how the log is written; json has an object in each line',
} as const satisfies ValueOption

/**
 * The DaemonSet's manifest sets the variable, so nobody has to type the option after `kubectl exec`, which starts a
 * process with the environment of the container. Only commands read it; no CNI call does.
 */
export const ROOT = {
  flag: '--root',
  value: 'DIR',
  kind: HOST_ROOT,
  environment: 'IP_MASQ_ROOT',
  help: "in a container: work in the host's /, which is mounted at DIR",
} as const satisfies ValueOption

export const WRONG_COMMAND_LINE = [2, 'The command line cannot be used.'] as const satisfies Status
