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
    } else if (isManifest(document, 'DaemonSet') && argumentsIn(document)) {
      flags = readFlags(document)
      notes.push(...flags.notes)
    } else if (typeof document.kind === 'string') {
      notes.push(`left out: ${nameOf(document)}`)
    } else {
      files.push(parseAgentConfig(document, { place: 'the config', placeOf: () => undefined }))
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
  const flags = parseFlags(argumentsIn(daemonSet) ?? [])
  const toPorts = flags.get('to-ports')
  return {
    keys: {
      ...(isOn(flags.get('nomasq-all-reserved-ranges')) && { nonMasqueradeDefaults: 'reserved' }),
      ...(toPorts && { toPorts }),
      ...(!isOn(flags.get('random-fully') ?? 'true') && { randomFully: false }),
      ...(!isOn(flags.get('enable-ipv6')) && { ipv6: false }),
    },
    notes: [...flags.keys()]
      .filter((name) => !SWITCHES.includes(name) && name !== 'to-ports')
      .map((name) => `left out: --${name} of ${nameOf(daemonSet)}`),
  }
}

const SWITCHES = ['nomasq-all-reserved-ranges', 'random-fully', 'enable-ipv6']

/** As Go reads a boolean (strconv.ParseBool). */
function isOn(value: string | undefined): boolean {
  return value !== undefined && !/^(0|f|false)$/i.test(value)
}

/** Of the container that runs ip-masq-agent; undefined where none does. */
function argumentsIn(daemonSet: JsonObject): string[] | undefined {
  const path = ['spec', 'template', 'spec', 'containers']
  const containers = path.reduce<unknown>((inner, key) => Object(inner)[key], daemonSet)
  const agent = (Array.isArray(containers) ? containers : []).find((container) => {
    const { name, image, command } = Object(container)
    return /ip-masq/.test(JSON.stringify([name, image, command]))
  })
  if (!agent) return undefined
  return [agent.command, agent.args].flat().filter((argument) => typeof argument === 'string')
}

/** `--to-ports=1024-2047`, or in two; a switch takes no second. */
function parseFlags(parts: readonly string[]): Map<string, string> {
  const flags = new Map<string, string>()
  for (const [i, part] of parts.entries()) {
    const [, name, value] = /^--?([a-z0-9-]+)(?:=(.*))?$/s.exec(part) ?? []
    if (name === undefined) continue
    const next = parts[i + 1]
    const isInTwo =
      value === undefined && !SWITCHES.includes(name) && next !== undefined && !next.startsWith('-')
    flags.set(name, value ?? (isInTwo ? next : 'true'))
  }
  return flags
}
