import type { Wanted } from '../backend/backend'
import type { Attachment } from '../cni/attachment'
import { distinctAddresses } from '../cni/prev-result'
import { decidePolicy } from '../policy/decide'
import type { Intent } from '../policy/intent'
import type { InterfaceAddress } from '../policy/prefix'
import { backendSetting } from './backend-setting'
import type { Settings } from './intent'

/** The decision for an attachment, without the attachment itself: many pods of a network get the same. */
export type Decision = Pick<Wanted, 'policy' | 'backend' | 'carrier' | 'podList'>

/** `intent` is what these settings request for the pod; `ips` are its addresses. */
export function decide({ config }: Settings, intent: Intent, ips: readonly InterfaceAddress[]): Decision {
  const { podCIDRs, carrier } = config
  return {
    policy: decidePolicy(intent, ips),
    backend: backendSetting(config),
    carrier,
    ...(podCIDRs && { podList: podCIDRs }),
  }
}

/** The rules of one attachment, for ADD, CHECK and sync. */
export function wantedFor(
  attachment: Attachment,
  ips: readonly InterfaceAddress[],
  decision: Decision,
): Wanted {
  return { attachment, addresses: distinctAddresses(ips), ...decision }
}
