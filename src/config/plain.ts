import { BACKEND_SETTINGS, CARRIER_SETTINGS } from '../backend/backend'
import type { JsonObject } from '../cni/json'
import { MalformedError } from '../policy/address'
import { parseInterface } from '../policy/interface'
import { parsePorts } from '../policy/ports'
import { type Prefix, parsePrefix, prefixParser } from '../policy/prefix'
import { isForeignKey } from './foreign-keys'
import { parseNamespacePattern } from './namespaces'
import type { Config } from './schema'

/**
 * A config that is valid beyond doubt, read without the schema: loading that takes 1 ms of an ADD's 10, and of the
 * STATUS that containerd asks for every 5 s. Undefined says nothing: then the schema reads it, or words the error. A
 * test holds every answer against the schema's.
 */
export function parsePlain(config: JsonObject): Config | undefined {
  try {
    return readPlain(config)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

function readPlain(config: JsonObject): Config {
  insist(Object.keys(config).every((key) => PLAIN_KEYS.includes(key) || isForeignKey(key)))
  insist(!hasPodList(config))
  const { nonMasqueradeCIDRs, onlyNamespaces, onlyPodCIDRs } = config
  return {
    ...(nonMasqueradeCIDRs !== undefined && { nonMasqueradeCIDRs: prefixes(nonMasqueradeCIDRs) }),
    nonMasqueradeDefaults: oneOf(config.nonMasqueradeDefaults, ['private', 'reserved']),
    masqueradeCIDRs: prefixes(config.masqueradeCIDRs),
    masqLinkLocal: flag(config.masqLinkLocal, false),
    masqLinkLocalIPv6: flag(config.masqLinkLocalIPv6, false),
    ipv4: flag(config.ipv4, true),
    ipv6: flag(config.ipv6, true),
    randomFully: flag(config.randomFully, true),
    toPorts: config.toPorts === undefined ? [] : parsePorts(string(config.toPorts)),
    snatTo: {},
    outInterfaces: nonEmpty(config.outInterfaces, parseInterface),
    pinExemptions: flag(config.pinExemptions, false),
    repairOnCheck: flag(config.repairOnCheck, true),
    policies: [],
    configFiles: [],
    flannelSubnetFile: flag(config.flannelSubnetFile, false),
    ...(onlyNamespaces !== undefined && { onlyNamespaces: nonEmpty(onlyNamespaces, parseNamespacePattern) }),
    exceptNamespaces: list(config.exceptNamespaces, parseNamespacePattern),
    ...(onlyPodCIDRs !== undefined && { onlyPodCIDRs: nonEmpty(onlyPodCIDRs, parsePrefix) }),
    exceptPodCIDRs: prefixes(config.exceptPodCIDRs),
    podLists: oneOf(config.podLists, ['runtimeConfig', 'args', 'both', 'none']),
    backend: oneOf(config.backend, BACKEND_SETTINGS),
    ...(config.ipMasqBackend !== undefined && {
      ipMasqBackend: oneOf(config.ipMasqBackend, BACKEND_SETTINGS),
    }),
    carrier: oneOf(config.carrier, CARRIER_SETTINGS),
  }
}

/** The others are rarer, and not so plain. */
const PLAIN_KEYS: readonly string[] = [
  ...['nonMasqueradeCIDRs', 'nonMasqueradeDefaults', 'masqueradeCIDRs', 'masqLinkLocal', 'masqLinkLocalIPv6'],
  ...[
    'ipv4',
    'ipv6',
    'randomFully',
    'toPorts',
    'outInterfaces',
    'pinExemptions',
    'repairOnCheck',
    'flannelSubnetFile',
  ],
  ...[
    'onlyNamespaces',
    'exceptNamespaces',
    'onlyPodCIDRs',
    'exceptPodCIDRs',
    'podLists',
    'backend',
    'ipMasqBackend',
    'carrier',
  ],
]

/** A list for this pod alone, from the runtime. */
function hasPodList({ runtimeConfig, args }: JsonObject): boolean {
  const places = [runtimeConfig, Object(args).cni]
  return places.some((place) => Object(place).nonMasqueradeCIDRs !== undefined)
}

/** What is not plain ends the reading; the message is seen by nobody. */
function insist(isPlain: boolean): asserts isPlain {
  if (!isPlain) throw new MalformedError('not plain')
}

function flag(value: unknown, otherwise: boolean): boolean {
  if (value === undefined) return otherwise
  insist(typeof value === 'boolean')
  return value
}

/** The first of `values` is the default. */
function oneOf<const T extends string>(value: unknown, values: readonly [T, ...T[]]): T {
  const found = value === undefined ? values[0] : values.find((one) => one === value)
  insist(found !== undefined)
  return found
}

function string(value: unknown): string {
  insist(typeof value === 'string')
  return value
}

function list<T>(value: unknown, parse: (text: string) => T): T[] {
  if (value === undefined) return []
  insist(Array.isArray(value))
  const parsed: T[] = []
  for (const item of value) parsed.push(parse(string(item)))
  return parsed
}

function prefixes(value: unknown): Prefix[] {
  return list(value, prefixParser(Array.isArray(value) ? value.length : 0))
}

function nonEmpty<T>(value: unknown, parse: (text: string) => T): T[] {
  insist(value === undefined || (Array.isArray(value) && value.length > 0))
  return list(value, parse)
}
