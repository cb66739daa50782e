import { formatAddress } from '../policy/address-text'
import { formatTarget } from '../policy/range-text'
import type { Destination } from './destination'
import type { Explanation, PodNames } from './explanation'
import type { PodAddress } from './pods'

/** The subject of an explanation. */
export function headOf(
  { sourceText, destinationText }: { readonly sourceText: string; readonly destinationText: string },
  pod: PodAddress,
  destination: Destination,
): Pick<Explanation, 'source' | 'destination' | 'sourceText' | 'destinationText' | 'pod' | 'rules'> {
  const names = namesOf(pod)
  return {
    source: pod.address,
    destination: destination.range,
    ...(sourceText !== formatAddress(pod.address) && { sourceText }),
    ...(destinationText !== destination.text &&
      destinationText !== formatTarget(destination.range) && { destinationText }),
    ...(names && { pod: names }),
    rules: pod.rules.map(({ place, policyName }) => ({
      place,
      ...(policyName !== undefined && { policy: policyName }),
    })),
  }
}

function namesOf({ cached, live }: PodAddress): PodNames | undefined {
  const known = cached?.attachment ?? live?.note
  if (!known) return undefined
  const { pod, network, containerID, ifname } = known
  return { pod, network, containerID, ifname }
}
