import type { PodConfig } from '../config/reason'
import { type FamilyReasons, reasonsFor } from '../config/reasons'
import type { Family } from '../policy/address'
import type { Prefix } from '../policy/prefix'
import { podConfigOf } from '../sync/pod-config'
import type { Expected } from './expected'
import type { ListedPolicy } from './policies'
import type { Row } from './row'
import { isWantedPolicy } from './wanted-policy'

/** A policy, the attachments that use it, and the reasons for its rules. */
export interface PolicyReport {
  readonly listed: ListedPolicy
  readonly rows: readonly Row[]
  /** One for each family of its rules; absent if no conflist asks for this policy now. */
  readonly reasons?: readonly FamilyReasons[]
  /** The pod's own list, if the policy was made from one. */
  readonly ownList?: readonly Prefix[]
}

/** `rows` are the attachments that count as users. */
export async function reportPolicies(
  policies: readonly ListedPolicy[],
  rows: readonly Row[],
  expected: Expected,
): Promise<PolicyReport[]> {
  const users = new Map<ListedPolicy, Row[]>(policies.map((one) => [one, []]))
  for (const row of rows) if (row.policy) users.get(row.policy)?.push(row)
  const reports: PolicyReport[] = []
  for (const [listed, own] of users) {
    const example = own.find((row) => isAsWanted(row, expected))
    const pod = example && (await configOf(example, expected))
    reports.push({
      listed,
      rows: own,
      ...(pod && { reasons: listed.families.map((family) => reasonsFor(pod, family)) }),
      ...(pod && example?.ownList && { ownList: example.ownList }),
    })
  }
  return reports
}

/** Whether the conflist asks for the policy that the attachment has. If so, the conflist explains the policy. */
function isAsWanted({ id, policy, addresses }: Row, { wanted }: Expected): boolean {
  const own = wanted.get(id)
  if (!policy || !own || own.isFallback) return false
  const families: Family[] = [...new Set(addresses.map(({ family }) => family))]
  return isWantedPolicy(policy, own.policy, families)
}

async function configOf({ id, names }: Row, { cached, networks }: Expected): Promise<PodConfig | undefined> {
  const [entry, network] = [cached.get(id), networks.networks.get(names.network)]
  return entry && network && podConfigOf(entry, network)
}
