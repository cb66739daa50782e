import { pluginsOf } from '../cni/conflists'
import { CniError } from '../cni/error'
import { inputName, readInput } from '../cni/input'
import { isObject } from '../cni/json'
import { parseJsonText } from '../cni/json-text'
import { readSmallFile } from '../cni/small-file'
import { locator } from '../config/places'
import type { PodConfig } from '../config/reason'
import { readSettings } from '../config/settings'
import { namespaceWarnings, warningsOf } from '../config/warnings'
import { type Address, addressOf, FAMILIES } from '../policy/address'
import { type InterfaceAddress, includesAddress, type Prefix } from '../policy/prefix'
import { inPlainWords } from '../system/plain-words'
import type { Destination } from './destination'
import type { Explanation } from './explanation'
import { headOf } from './head'
import { decideParts } from './parts'
import type { PodAddress, Subject } from './pods'

export interface OfflineQuestion {
  readonly subject: Subject
  readonly sourceText: string
  readonly destinations: readonly Destination[]
  readonly destinationText: string
  /** A conflist, or a config of ip-masq alone; `-` is stdin. */
  readonly file: string
  /** The subnets of the pod, which prevResult would contain. */
  readonly podSubnets: readonly Prefix[]
}

/** Answers from a file alone, before anything is rolled out. No node is asked. Throws a CniError. */
export async function explainOffline(question: OfflineQuestion): Promise<readonly Explanation[]> {
  const { subject, destinations, file, podSubnets } = question
  const text = readInput(file)
  const { plugin, at } = ownPlugin(file, text)
  const settings = await readSettings(plugin)
  const namespace = 'pod' in subject ? (subject.pod.split('/')[0] ?? '') : ''
  const ips = 'pod' in subject ? podSubnets.map(firstOf) : [withSubnet(subject.address, podSubnets)]
  const config: PodConfig = { settings, raw: plugin, at, namespace, ips }
  const locate = locator((named) => (named === file ? text : readSmallFile(named)))
  const explanations: Explanation[] = []
  for (const destination of destinations) {
    const address = addressIn(ips, destination)
    const pod: PodAddress = { address, rules: [] }
    const parts = await decideParts(destination.range, { pod, config, isOffline: true, locate })
    const { source, ...head } = headOf(question, pod, destination)
    explanations.push({
      ...head,
      ...('address' in subject && { source }),
      parts: parts.map((part) => ({ ...part, others: [], filters: [], olderFlows: [] })),
      notes: [
        ...warningsOf(settings),
        ...namespaceWarnings(settings.config, namespace),
        ...(podSubnets.length === 0
          ? ["without --pod-subnet, the pod's own subnet does not count as exempt"]
          : []),
      ],
      problems: [],
    })
  }
  return explanations
}

/** Finds our part of a conflist. A .conf or a drop-in is our config as a whole. */
function ownPlugin(file: string, text: string) {
  const value = parse(file, text)
  if (!isObject(value))
    throw new CniError('invalidConfig', `Cannot use ${inputName(file)}: it is not a JSON object`)
  const plugins = pluginsOf(value)
  const index = plugins.findLastIndex(({ type }) => type === 'ip-masq')
  const plugin = plugins[index]
  if (!plugin)
    throw new CniError(
      'invalidConfig',
      `Cannot use ${inputName(file)}: no plugin in it has the type "ip-masq"`,
    )
  return { plugin, at: { file, ...(value.plugins !== undefined && { index }) } }
}

function parse(file: string, text: string): unknown {
  try {
    return parseJsonText(text)
  } catch (error) {
    throw new CniError('ioFailure', `Cannot read ${inputName(file)}: ${inPlainWords(error)}`)
  }
}

/** Nobody has the pod's address yet. Any address of the subnet gives the same answer. */
function firstOf({ digits, length }: Prefix): InterfaceAddress {
  return { address: addressOf(digits), length }
}

function withSubnet(address: Address, podSubnets: readonly Prefix[]): InterfaceAddress {
  const subnet = podSubnets.find((prefix) => includesAddress(prefix, address))
  return { address, length: subnet?.length ?? FAMILIES[address.family].bits }
}

function addressIn(ips: readonly InterfaceAddress[], { range, text }: Destination): Address {
  const own = ips.find(({ address }) => address.family === range.family)
  if (own) return own.address
  if (ips.length === 0) return addressOf(range.first.replace(/./g, '0'))
  throw new CniError(
    'ioFailure',
    `Cannot explain ${text}: the source has no ${FAMILIES[range.family].label} address`,
  )
}
