import { CniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { type AgentFile, parseAgentConfig, parseAgentFile } from '../config/agent-file'
import { prefixesIn } from '../policy/prefixes'
import { type Converted, textsOf } from './converted'

const IPV6_NOTE =
  'IPv6: ip-masq masquerades it, and ip-masq-agent does so only with --enable-ipv6; add "ipv6": false if your agent runs without that'

/** ip-masq-agent's config itself, or the manifests that it is deployed with. */
export async function convertAgent(documents: readonly JsonObject[]): Promise<Converted> {
  const files: AgentFile[] = []
  const notes: string[] = []
  let flags: Flags | undefined
  const isOnlyMap = documents.filter((document) => isManifest(document, 'ConfigMap')).length === 1
  for (const document of documents) {
    if (isManifest(document, 'ConfigMap')) {
      const read = await readConfigMap(document, isOnlyMap)
      if (read) files.push(...read)
      else notes.push(`left out: ${nameOf(document)}, which has no config of ip-masq-agent`)
    } else if (isManifest(document, 'EgressNATPolicy')) {
      notes.push(`left out: ${nameOf(document)}: ${EGRESS_NAT_POLICY}`)
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
    const egress = documents.find((document) => isManifest(document, 'EgressNATPolicy'))
    const reason = egress
      ? `${nameOf(egress)}: ${EGRESS_NAT_POLICY}`
      : 'there is no config of ip-masq-agent in it'
    throw new CniError('invalidConfig', `Cannot convert this: ${reason}`)
  }
  const lists = files.flatMap(({ nonMasqueradeCIDRs }) => (nonMasqueradeCIDRs ? [nonMasqueradeCIDRs] : []))
  const cidrs = textsOf(lists.flatMap(prefixesIn))
  const pods = textsOf(files.flatMap(({ nonMasqueradeSrcCIDRs }) => nonMasqueradeSrcCIDRs ?? []))
  const ignored = new Set(files.flatMap((file) => file.ignored))
  return {
    plugin: {
      type: 'ip-masq',
      ...(lists.length > 0 && { nonMasqueradeCIDRs: cidrs }),
      ...(pods.length > 0 && { exceptPodCIDRs: pods }),
      ...(files.some(({ masqLinkLocal }) => masqLinkLocal) && { masqLinkLocal: true }),
      ...(files.some(({ masqLinkLocalIPv6 }) => masqLinkLocalIPv6) && { masqLinkLocalIPv6: true }),
      ...flags?.keys,
    },
    notes: [
      ...[...ignored].map((key) => `left out: ${key}, which has no effect in ip-masq`),
      ...notes,
      ...(flags ? [] : [IPV6_NOTE]),
    ],
  }
}

const EGRESS_NAT_POLICY =
  'it is for GKE Dataplane V2, which masquerades by itself and takes no list from a CNI plugin; ip-masq cannot replace it there'

/** A Kubernetes object of this kind. */
export function isManifest({ kind, apiVersion }: JsonObject, wanted: string): boolean {
  return kind === wanted && typeof apiVersion === 'string'
}

function nameOf({ kind, metadata }: JsonObject): string {
  return `${kind} ${isObject(metadata) ? metadata.name : ''}`.trim()
}

/**
 * Each key of the data is a file. Of several ConfigMaps (`kubectl get configmaps -A`) most have nothing to do with it: undefined for
 * one that is not called so, and cannot be read as such a config.
 */
async function readConfigMap(map: JsonObject, isOnlyMap: boolean): Promise<AgentFile[] | undefined> {
  const name = isObject(map.metadata) ? String(map.metadata.name) : ''
  if (isOnlyMap || name.includes('ip-masq')) return readFiles(map)
  try {
    const files = await readFiles(map)
    return files.some(saysSomething) ? files : undefined
  } catch (error) {
    if (error instanceof CniError) return undefined
    throw error
  }
}

function saysSomething({
  nonMasqueradeCIDRs,
  nonMasqueradeSrcCIDRs,
  masqLinkLocal,
  masqLinkLocalIPv6,
}: AgentFile): boolean {
  return (nonMasqueradeCIDRs ?? nonMasqueradeSrcCIDRs) !== undefined || masqLinkLocal || masqLinkLocalIPv6
}

async function readFiles(map: JsonObject): Promise<AgentFile[]> {
  const files: AgentFile[] = []
  const [binary] = Object.keys(isObject(map.binaryData) ? map.binaryData : {})
  if (binary !== undefined) {
    throw new CniError(
      'invalidConfig',
      `Cannot use ${nameOf(map)}, ${binary}: it is in binaryData, because the original file is not UTF-8; save the file as UTF-8 and create the ConfigMap again`,
    )
  }
  for (const [name, text] of Object.entries(isObject(map.data) ? map.data : {})) {
    const place = `${nameOf(map)}, ${name}`
    if (typeof text !== 'string')
      throw new CniError('invalidConfig', `Cannot use ${place}: it is not a string`)
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

/** Reads a boolean as Go does (strconv.ParseBool). */
function isOn(value: string | undefined): boolean {
  return value !== undefined && !/^(0|f|false)$/i.test(value)
}

/** The arguments of the container that runs ip-masq-agent; undefined where none does. */
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
