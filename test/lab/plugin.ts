import { fileURLToPath } from 'node:url'
import { version } from '../../package.json'
import { firewall } from './firewall'
import type { Namespace } from './namespace'
import { run } from './run'

const dist = fileURLToPath(new URL('../../dist', import.meta.url))

/** The two artefacts of the same sources. IP_MASQ_NATIVE: another build of the native one, called ip-masq as well. */
export const EXECUTABLES = {
  native: process.env.IP_MASQ_NATIVE ?? `${dist}/ip-masq`,
  node: `${process.execPath} ${dist}/ip-masq.js`,
} as const

/** What is released, also where the tests call another build: a sanitized one is not static, so LD_PRELOAD means something to it. */
export const RELEASED = `${dist}/ip-masq`

/** What each line on stderr begins with. */
export const PREFIX = `ip-masq ${version}: `

export interface PluginCall {
  readonly executable?: string
  /** Default: an object `config(...)`; a string, or bytes, go to stdin as they are. */
  readonly config?: unknown
  readonly containerID?: string
  readonly ifname?: string
  /** Shell commands before the call, in a mount namespace of its own: to hide a tool, to close stdin. */
  readonly before?: string
  /** Set or, with undefined, left out; on top of what the verb needs. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

export interface PluginReply {
  readonly status: number | undefined
  readonly stdout: string
  readonly stderr: string
  /** stdout as JSON, or undefined where there is none. */
  readonly json: unknown
}

/** Calls ip-masq as a runtime does: nothing in the environment but what is listed here. */
export async function callPlugin(
  namespace: Namespace,
  command: string | undefined,
  call: PluginCall = {},
): Promise<PluginReply> {
  const environment = {
    PATH: process.env.PATH,
    // What `auto` means in this run of the suite.
    IP_MASQ_CARRIER: process.env.IP_MASQ_CARRIER,
    CNI_COMMAND: command,
    CNI_CONTAINERID: call.containerID ?? 'c1',
    // One that exists: an attachment whose namespace does not is gone.
    CNI_NETNS: namespace.path,
    CNI_IFNAME: call.ifname ?? 'eth0',
    CNI_PATH: '/opt/cni/bin',
    ...call.environment,
  }
  const config = call.config ?? configWith()
  const input = typeof config === 'string' || config instanceof Uint8Array ? config : JSON.stringify(config)
  const result = await (call.executable === undefined && call.before === undefined
    ? run('/usr/bin/nsenter', [`--net=${namespace.path}`, EXECUTABLES.native], { env: environment, input })
    : run('ip', ['netns', 'exec', namespace.name, ...inShell(environment, call)], { input }))
  return {
    status: result.exitCode,
    stdout: result.stdout,
    stderr: result.stderr,
    json: result.stdout.startsWith('{') ? JSON.parse(result.stdout) : undefined,
  }
}

function inShell(environment: Readonly<Record<string, string | undefined>>, call: PluginCall): string[] {
  const assignments = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined ? [] : [shellQuote(`${name}=${value}`)],
  )
  const { executable = EXECUTABLES.native, before = '' } = call
  const start = `exec env -i ${assignments.join(' ')} ${executable}`
  return ['bash', '--norc', '-euc', `${before}\n${start}`]
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** A plugin config as libcni sends it, with a prevResult that has these addresses on the sandbox's eth0. */
export function configWith(
  addresses: readonly string[] = ['10.244.1.7/24'],
  keys: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    ...{ cniVersion: '1.0.0', name: 'cbr0', type: 'ip-masq', ...firewall.keys, ...keys },
    prevResult: resultWith(addresses),
  }
}

export function resultWith(addresses: readonly string[]): Record<string, unknown> {
  return {
    cniVersion: '1.0.0',
    interfaces: [
      { name: 'cni0', mac: '02:00:00:00:00:01' },
      { name: 'eth0', mac: '02:00:00:00:00:02', sandbox: '/var/run/netns/pod' },
    ],
    ips: addresses.map((address) => ({ address, interface: 1 })),
    dns: {},
  }
}

/** ADD or DEL that has to succeed. */
export async function succeed(
  namespace: Namespace,
  command: string,
  call: PluginCall = {},
): Promise<PluginReply> {
  const reply = await callPlugin(namespace, command, call)
  if (reply.status !== 0) throw new Error(`${command} failed: ${reply.stdout}${reply.stderr}`)
  return reply
}

/** For a mount namespace in which uninstall runs: files that install --docs has put on the machine itself are out of its reach. */
export const WITHOUT_DOCUMENTS = 'mount -t tmpfs none /usr/local/share'

/**
 * An operator's command inside the namespace: `sync --dry-run`. `path`: a directory to look for tools in first;
 * `before` and `executable`: as in a PluginCall.
 */
export async function runCommand(
  namespace: Namespace,
  command: string,
  { path = '/usr/bin', before = '', executable = EXECUTABLES.native } = {},
) {
  const line = `${WITHOUT_DOCUMENTS}\n${before}\nexec env -i PATH=${path}:$PATH \${IP_MASQ_CARRIER:+IP_MASQ_CARRIER=$IP_MASQ_CARRIER} ${executable} ${command}`
  const result = await run('ip', ['netns', 'exec', namespace.name, 'bash', '--norc', '-c', line])
  return {
    status: result.exitCode,
    stdout: result.stdout,
    stderr: result.stderr,
    lines: result.stdout.split('\n'),
  }
}
