import { CniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { type AgentFile, parseAgentConfig, parseAgentFile } from '../config/agent-file'
import { formatPrefix } from '../policy/prefix'
import type { Converted } from './convert'

const IPV6_NOTE =
  'IPv6: ip-masq-agent leaves it alone unless it is started with --enable-ipv6, ip-masq masquerades it; add "ipv6": false to keep it so'

/** ip-masq-agent's config itself, or the manifests that it is deployed with. */
export async function convertAgent(documents: readonly JsonObject[]): Promise<Converted> {
  const files: AgentFile[] = []
  const notes: string[] = []
  let flags: Flags | undefined
  for (const document of documents) {
    if (isManifest(document, 'ConfigMap')) {
      files.push(...(await readConfigMap(document)))
    } else if (isManifest(document, 'DaemonSet')) {
      flags = readFlags(document)
      notes.push(...flags.notes)
    } else if (typeof document.kind === 'string') {
      notes.push(`left out: ${nameOf(document)}`)
    } else {
      files.push(parseAgentConfig(document, 'the config'))
    }
  }
  if (files.length === 0 && !flags) {
    throw new CniError('invalidConfig', 'Cannot convert this: there is no config of ip-masq-agent in it')
  }
  const lists = files.flatMap(({ nonMasqueradeCIDRs }) => (nonMasqueradeCIDRs ? [nonMasqueradeCIDRs] : []))
  const cidrs = [...new Set(lists.flat().map(formatPrefix))]
  const ignored = new Set(files.flatMap((file) => file.ignored))
  return {
    plugin: {
      type: 'ip-masq',
      ...(lists.length > 0 && { nonMasqueradeCIDRs: cidrs }),
      ...(files.some(({ masqLinkLocal }) => masqLinkLocal) && { masqLinkLocal: true }),
      ...(files.some(({ masqLinkLocalIPv6 }) => masqLinkLocalIPv6) && { masqLinkLocalIPv6: true }),
      ...flags?.keys,
    },
    notes: [
      ...[...ignored].map((key) => `left out: ${key}, which means nothing here`),
      ...notes,
      ...(flags ? [] : [IPV6_NOTE]),
    ],
  }
}

/** A Kubernetes object of this kind. */
export function isManifest({ kind, apiVersion }: JsonObject, wanted: string): boolean {
  return kind === wanted && typeof apiVersion === 'string'
}

function nameOf({ kind, metadata }: JsonObject): string {
  return `${kind} ${isObject(metadata) ? metadata.name : ''}`.trim()
}

/** Each key of the data is a file. */
async function readConfigMap(map: JsonObject): Promise<AgentFile[]> {
  const files: AgentFile[] = []
  for (const [name, text] of Object.entries(isObject(map.data) ? map.data : {})) {
    const place = `${nameOf(map)}, ${name}`
    if (typeof text !== 'string') throw new CniError('invalidConfig', `Cannot use ${place}: it is no text`)
    files.push(await parseAgentFile(text, place))
  }
  return files
}

interface Flags {
  readonly keys: JsonObject
  readonly notes: readonly string[]
}

/** What the agent's flags say; IPv6 is off unless they switch it on. */
function readFlags(daemonSet: JsonObject): Flags {
  const flags = new Map(argumentsIn(daemonSet).flatMap(parseFlag))
  const isOn = (name: string) => flags.has(name) && flags.get(name) !== 'false'
  const toPorts = flags.get('to-ports')
  const known = ['nomasq-all-reserved-ranges', 'random-fully', 'enable-ipv6', 'to-ports']
  return {
    keys: {
      ...(isOn('nomasq-all-reserved-ranges') && { nonMasqueradeDefaults: 'reserved' }),
      ...(toPorts && { toPorts }),
      ...(flags.get('random-fully') === 'false' && { randomFully: false }),
      ...(!isOn('enable-ipv6') && { ipv6: false }),
    },
    notes: [...flags.keys()]
      .filter((name) => !known.includes(name))
      .map((name) => `left out: --${name} of ${nameOf(daemonSet)}`),
  }
}

function argumentsIn(daemonSet: JsonObject): string[] {
  const path = ['spec', 'template', 'spec', 'containers']
  const containers = path.reduce<unknown>((inner, key) => Object(inner)[key], daemonSet)
  return (Array.isArray(containers) ? containers : [])
    .flatMap((container) => [Object(container).command, Object(container).args])
    .flat()
    .filter((argument) => typeof argument === 'string')
}

/** `--to-ports=1024-2047`; a flag alone is on. */
function parseFlag(argument: string): [string, string][] {
  const [, name, value = 'true'] = /^--?([a-z0-9-]+)(?:=(.*))?$/s.exec(argument) ?? []
  return name === undefined ? [] : [[name, value]]
}
