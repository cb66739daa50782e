import type { Backend } from '../../src/backend/backend'
import type { Backends } from '../../src/backend/places'
import type { PrimaryFirewall } from '../../src/primary/firewall'
import { answer } from '../../src/verbs/answer'
import { configWith, type PluginCall } from './plugin'

/** Calls ip-masq in this process, over backends that touch no kernel and remember what they were asked. */

export interface Call extends Pick<PluginCall, 'config' | 'containerID' | 'ifname' | 'environment'> {
  /** What the backends do where they do not just succeed. */
  readonly backends?: Partial<Backends>
  readonly readStdin?: () => string
  readonly primaryFirewalls?: () => Promise<readonly PrimaryFirewall[]>
  readonly cacheDir?: string
}

export interface Reply {
  /** As the process edge makes it of the answer. */
  readonly status: 0 | 1
  readonly stdout: string
  readonly warnings: readonly string[]
  /** stdout as JSON, or undefined where it is empty. */
  readonly json: unknown
  /** What the backends were asked, in order: the verb and its arguments. */
  readonly asked: readonly (readonly unknown[])[]
}

export const NETNS = '/var/run/netns/pod'

const ENVIRONMENT = { CNI_NETNS: NETNS, CNI_PATH: '/opt/cni/bin' }

export async function callInProcess(command: string | undefined, call: Call = {}): Promise<Reply> {
  const { config = configWith(), containerID = 'c1', ifname = 'eth0' } = call
  const text = typeof config === 'string' ? config : JSON.stringify(config)
  const asked: (readonly unknown[])[] = []
  const backends = recording({ ...SUCCEEDING, ...call.backends }, asked)
  const { stdout, warnings, isError } = await answer({
    environment: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: containerID,
      CNI_IFNAME: ifname,
      ...ENVIRONMENT,
      ...call.environment,
    },
    readStdin: call.readStdin ?? (() => text),
    backend: backends,
    backendWithin(milliseconds): Backend {
      asked.push(['within', milliseconds])
      return backends
    },
    primaryFirewalls: call.primaryFirewalls ?? (async () => []),
    cacheDir: call.cacheDir ?? '/nonexistent/cni',
  })
  const json = stdout === '' ? undefined : JSON.parse(stdout)
  return { status: isError ? 1 : 0, stdout, warnings, json, asked }
}

/** A node on which all goes well and nothing is there. */
const SUCCEEDING: Backends = {
  apply: async () => ({ tableWasMissing: false }),
  remove: async () => ({ outcome: 'removed' }),
  verify: async () => [],
  replace: async () => ({ changes: [], held: [], repairs: [], unrepaired: [], script: '' }),
  prune: async () => ({ removed: [], policies: [], failures: [] }),
  list: async () => [],
  inspect: async () => ({ places: [], attachments: [], strays: [], policies: [], unseen: [] }),
  gone: async () => new Set(),
  hasRules: async () => false,
  tearDown: async () => {},
  probe: async () => [],
  hookedTables: async () => [],
}

function recording(backends: Backends, asked: (readonly unknown[])[]): Backends {
  return new Proxy(backends, {
    get(target, verb: keyof Backends) {
      return (...args: unknown[]) => {
        asked.push([verb, ...args])
        return Reflect.apply(target[verb], target, args)
      }
    },
  })
}
