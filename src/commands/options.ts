import { DEFAULT_CACHE_DIR } from '../cni/paths'
import { PROFILES, type ProfileName } from '../install/profiles'
import { type Address, parseAddress } from '../policy/address'
import { type FlagOptions, parseArguments } from './arguments'

/** A command line that cannot be used. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const FLAGS = {
  profile: { type: 'string' },
  'conf-dir': { type: 'string' },
  'cache-dir': { type: 'string', multiple: true },
  grace: { type: 'string', default: '10m' },
  interval: { type: 'string', default: '60s' },
  'dry-run': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  prune: { type: 'boolean', default: false },
  watch: { type: 'boolean', default: false },
  'keep-primary-rules': { type: 'boolean', default: false },
  address: { type: 'string', multiple: true },
  root: { type: 'string' },
  'health-port': { type: 'string' },
} as const

export type Flag = keyof typeof FLAGS

export interface Options {
  readonly confDir: string
  /** Where runtimes keep their results: in `results` there, and in that of each subdirectory. */
  readonly cacheDirs: readonly string[]
  readonly graceSeconds: number
  readonly intervalSeconds: number
  readonly dryRun: boolean
  readonly json: boolean
  readonly prune: boolean
  readonly watch: boolean
  /** Leave the masquerade rules of primary plugins, and report them. */
  readonly keepPrimaryRules: boolean
  /** The addresses of attachments that an operator knows to be gone. */
  readonly addresses: readonly Address[]
  /** Where the host's / is mounted. */
  readonly root: string | undefined
  readonly healthPort: number | undefined
}

/** The options of one command; `flags` are those that it knows. */
export function parseOptions(command: string, args: readonly string[], flags: readonly Flag[]): Options {
  const known = Object.fromEntries(flags.map((flag) => [flag, FLAGS[flag]]))
  const values = { ...defaults(), ...parseFlags(command, args, known) }
  return {
    confDir: parseDirectory('conf-dir', values['conf-dir'] ?? PROFILES[parseProfile(values.profile)].confDir),
    cacheDirs: parseCacheDirs(values['cache-dir']),
    graceSeconds: parseDuration('grace', String(values.grace)),
    intervalSeconds: parseInterval(String(values.interval)),
    dryRun: values['dry-run'] === true,
    json: values.json === true,
    prune: values.prune === true,
    watch: values.watch === true,
    keepPrimaryRules: values['keep-primary-rules'] === true,
    addresses: parseAddresses(values.address),
    root: parseRoot(values.root),
    healthPort: parsePort(values['health-port']),
  }
}

function defaults() {
  return Object.fromEntries(
    Object.entries(FLAGS).map(([flag, option]) => [flag, 'default' in option ? option.default : undefined]),
  )
}

/** The values of the flags that are given. */
export function parseFlags(
  command: string,
  args: readonly string[],
  options: FlagOptions,
): Record<string, unknown> {
  try {
    return parseArguments(args, options)
  } catch (error) {
    const said = error instanceof Error ? error.message : ''
    throw new UsageError(`Cannot run ip-masq ${command}: ${said}; see ip-masq --help`)
  }
}

/** The name of a distribution's directories. */
export function parseProfile(value: unknown = 'default'): ProfileName {
  return oneOf('profile', value, Object.keys(PROFILES) as ProfileName[])
}

export function oneOf<T extends string>(flag: string, value: unknown, values: readonly T[]): T {
  const found = values.find((one) => one === value)
  if (found !== undefined) return found
  throw new UsageError(`Cannot use --${flag} "${value}": write ${values.join(', ')}`)
}

/** May be given several times. */
export function parseCacheDirs(values: unknown): readonly string[] {
  if (!Array.isArray(values)) return [DEFAULT_CACHE_DIR]
  return values.map((value) => parseDirectory('cache-dir', value))
}

function parseDirectory(flag: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new UsageError(`Cannot use --${flag} "": write a directory`)
}

function parseAddresses(values: unknown): readonly Address[] {
  if (!Array.isArray(values)) return []
  return values.map((value) => {
    try {
      return parseAddress(value)
    } catch {
      throw new UsageError(
        `Cannot use --address "${value}": write an IP address, as in 10.244.1.7 or fd00::7`,
      )
    }
  })
}

export function parseRoot(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && value.startsWith('/')) return value
  throw new UsageError(`Cannot use --root "${value}": write an absolute path, where the host's / is mounted`)
}

export function parsePort(value: unknown): number | undefined {
  if (value === undefined) return undefined
  const port = /^\d{1,5}$/.test(String(value)) ? Number(value) : 0
  if (port > 0 && port < 65536) return port
  throw new UsageError(`Cannot use --health-port "${value}": write a port, 1 to 65535`)
}

/** A watch that syncs without a pause would take a core for itself. */
function parseInterval(text: string): number {
  const seconds = parseDuration('interval', text)
  if (seconds > 0) return seconds
  throw new UsageError(`Cannot use --interval "${text}": write 1s or more`)
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** `90`, `90s`, `10m`, `1h`, in seconds. */
export function parseDuration(flag: string, text: string): number {
  const [, number = '', unit = 's'] = /^(\d{1,6})([smh]?)$/.exec(text) ?? []
  if (number === '') {
    throw new UsageError(`Cannot use --${flag} "${text}": write a duration, as in 90s, 10m or 1h`)
  }
  return Number(number) * (UNITS[unit || 's'] ?? 1)
}
