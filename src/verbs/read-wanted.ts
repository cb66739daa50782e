import { encode } from '#system/text'
import { parseAttachment } from '../cni/attachment'
import { checkVariables, type Environment, requireVariables } from '../cni/environment'
import { type JsonObject, memberSpan, rejectRepeatedKeys } from '../cni/json'
import { parseAddresses, requirePrevResult } from '../cni/prev-result'
import { requireVersion } from '../cni/version'
import { intentOf } from '../config/intent'
import { parseNetworkName } from '../config/network-name'
import { readSettings } from '../config/settings'
import { decide, wantedFor } from '../config/wanted'
import { namespaceWarnings, warningsOf } from '../config/warnings'
import { leftOutWarnings, wideSubnetWarnings } from '../policy/decide'
import type { Call, Input } from './call'

type Command = 'ADD' | 'CHECK'

/** Everything that ADD and CHECK read of a call. `result` is where prevResult is in the text. */
export async function readWanted(command: Command, { environment }: Call, input: Input) {
  requireVariables(command, environment)
  checkVariables(environment)
  const { text, config } = input.read()
  const bytes = encode(text)
  const result = memberSpan(text, 'prevResult', bytes)
  rejectRepeatedKeys(text, config, result, bytes)
  return { ...(await parseWanted(command, environment, config)), text, result, config }
}

/** Parses strictly, for ADD and CHECK: from the config to the rules that it requests. */
export async function parseWanted(command: Command, environment: Environment, raw: JsonObject) {
  requireVersion(command, raw, command === 'CHECK' ? '0.4.0' : '0.3.0')
  const attachment = parseAttachment(environment, parseNetworkName(raw))
  const settings = await readSettings(raw)
  const intent = intentOf(settings, attachment.namespace)
  const ips = parseAddresses(requirePrevResult(raw), attachment.ifname)
  // The variable is required, so it is there.
  const { CNI_NETNS: netns = '' } = environment
  return {
    wanted: { ...wantedFor(attachment, ips, decide(settings, intent, ips)), netns },
    settings,
    warnings: [
      ...warningsOf(settings),
      ...namespaceWarnings(settings.config, attachment.namespace),
      ...leftOutWarnings(intent, ips),
      ...wideSubnetWarnings(ips),
    ],
  }
}
