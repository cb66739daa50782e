import { encode } from '#system/text'
import { CniError, quote } from './error'

export type Environment = Readonly<Record<string, string | undefined>>

const REQUIRED = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  // The spec requires CNI_PATH too, but we start no plugin, and a DEL that fails leaks an address.
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME'],
} as const

export const IDENTIFIER_ADVICE = 'use letters, digits, "_", "." and "-", and begin with a letter or digit'

/** Checks a `containerID` or a network name as libcni does (spec: "Parameters"). */
export function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(value)
}

/** Checks a name as the kernel does for interfaces (dev_valid_name): 15 bytes, no "/", ":" or white space. */
function isInterfaceName(value: string): boolean {
  return !/[/:\s]/.test(value) && value !== '.' && value !== '..' && encode(value).length <= 15
}

/** Throws an error that names every missing variable, so that an operator can correct a call at once. */
export function requireVariables(command: keyof typeof REQUIRED, environment: Environment): void {
  const missing = REQUIRED[command].filter((name) => !environment[name])
  if (missing.length > 0) {
    const variables = missing.length === 1 ? 'the environment variable' : 'the environment variables'
    throw new CniError(
      'invalidEnvironment',
      `Cannot run ${command} without ${variables} ${missing.join(', ')}`,
    )
  }
}

/**
 * Checks ADD and CHECK only. A DEL with a malformed name refers to an attachment that no ADD of ours accepted, and its
 * names reach nft only as a hash, so it may run and find nothing.
 */
export function checkVariables(environment: Environment): void {
  const { CNI_CONTAINERID: containerID, CNI_IFNAME: ifname = '' } = environment
  const problems: string[] = []
  if (!isIdentifier(containerID)) problems.push(`CNI_CONTAINERID ${quote(containerID)}: ${IDENTIFIER_ADVICE}`)
  if (!isInterfaceName(ifname)) {
    problems.push(`CNI_IFNAME ${quote(ifname)}: use at most 15 bytes without "/", ":" and white space`)
  }
  if (problems.length > 0) {
    throw new CniError('invalidEnvironment', `Cannot use ${problems.join('; cannot use ')}`)
  }
}
