import { SUPPORTED_VERSIONS, type Version } from '../cni/version'
import { MODES, type Mode } from '../install/mode'
import { PROFILES, type ProfileName } from '../install/profiles'
import {
  oneOf,
  parseCacheDirs,
  parseDuration,
  parseFlags,
  parsePort,
  parseProfile,
  parseRoot,
  UsageError,
} from './options'

const FLAGS = {
  profile: { type: 'string' },
  'bin-dir': { type: 'string' },
  'conf-dir': { type: 'string' },
  'cache-dir': { type: 'string', multiple: true },
  network: { type: 'string' },
  'set-cni-version': { type: 'string' },
  mode: { type: 'string', default: 'auto' },
  config: { type: 'string' },
  'disable-primary-masq': { type: 'boolean', default: false },
  'restore-primary-masq': { type: 'boolean', default: false },
  wait: { type: 'string' },
  watch: { type: 'boolean', default: false },
  sync: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
  timeout: { type: 'string' },
  prune: { type: 'boolean', default: false },
  'keep-primary-rules': { type: 'boolean', default: false },
  root: { type: 'string' },
  'health-port': { type: 'string' },
  grace: { type: 'string', default: '2m' },
} as const

export type InstallFlag = keyof typeof FLAGS

export interface CommandOptions {
  readonly profile: ProfileName
  readonly binDir: string
  readonly confDir: string
  readonly cacheDirs: readonly string[]
  readonly network: string | undefined
  readonly mode: Mode
  /** A file with our part of the conflist. */
  readonly configFile: string | undefined
  readonly disablePrimaryMasq: boolean
  readonly cniVersion: Version | undefined
  /** What install switched off is switched on again. */
  readonly restorePrimaryMasq: boolean
  readonly waitSeconds: number | undefined
  readonly watch: boolean
  /** The loop of `ip-masq sync --watch` in the same process. */
  readonly sync: boolean
  readonly force: boolean
  readonly timeoutSeconds: number | undefined
  /** With `sync`: rules that no runtime knows of go too. */
  readonly prune: boolean
  /** With `sync`: leave the masquerade rules of primary plugins, and report them. */
  readonly keepPrimaryRules: boolean
  /** Where the host's / is mounted. */
  readonly root: string | undefined
  readonly healthPort: number | undefined
  /** An ADD in flight is not in the cache yet; runtimes give it 2 minutes. */
  readonly graceSeconds: number
}

/** The options of install or uninstall; `flags` are those that it knows. */
export function parseInstallOptions(
  command: string,
  args: readonly string[],
  flags: readonly InstallFlag[],
): CommandOptions {
  const values = parseFlags(command, args, Object.fromEntries(flags.map((flag) => [flag, FLAGS[flag]])))
  const profile = parseProfile(values.profile)
  const { binDir, confDir } = PROFILES[profile]
  return {
    profile,
    binDir: directory('bin-dir', values['bin-dir'], binDir),
    confDir: directory('conf-dir', values['conf-dir'], confDir),
    cacheDirs: parseCacheDirs(values['cache-dir']),
    network: text(values.network),
    mode: oneOf('mode', values.mode ?? 'auto', MODES),
    configFile: text(values.config),
    cniVersion: version(values['set-cni-version']),
    disablePrimaryMasq: values['disable-primary-masq'] === true,
    restorePrimaryMasq: values['restore-primary-masq'] === true,
    waitSeconds: duration('wait', values.wait),
    watch: values.watch === true,
    sync: values.sync === true,
    force: values.force === true,
    timeoutSeconds: duration('timeout', values.timeout),
    prune: values.prune === true,
    keepPrimaryRules: values['keep-primary-rules'] === true,
    root: parseRoot(values.root),
    healthPort: parsePort(values['health-port']),
    graceSeconds: parseDuration('grace', String(values.grace ?? FLAGS.grace.default)),
  }
}

function directory(flag: string, value: unknown, otherwise: string): string {
  if (value === undefined) return otherwise
  if (typeof value === 'string' && value.startsWith('/')) return value
  throw new UsageError(`Cannot use --${flag} "${value}": write an absolute path`)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function version(value: unknown): Version | undefined {
  return value === undefined ? undefined : oneOf('set-cni-version', value, SUPPORTED_VERSIONS)
}

function duration(flag: string, value: unknown): number | undefined {
  return typeof value === 'string' ? parseDuration(flag, value) : undefined
}
