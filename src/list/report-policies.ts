import type { PodConfig } from '../config/reason'
import { type FamilyReasons, reasonsFor } from '../config/reasons'
import type { Family } from '../policy/address'
import type { Prefix } from '../policy/prefix'
import { podConfigOf } from '../sync/pod-config'
import type { Expected } from './expected'
import type { ListedPolicy } from './policies'
import type { Row } from './row'
import { isWantedPolicy } from './wanted-policy'

/** A policy, who has it, and why it is as it is. */
export interface PolicyReport {
  readonly listed: ListedPolicy
  readonly rows: readonly Row[]
  /** For each family of its rules; absent where no conflist asks for this policy now. */
  readonly reasons?: readonly FamilyReasons[]
  /** The list that came with a pod, where the policy is made of that. */
  readonly ownList?: readonly Prefix[]
}

/** `rows`: those that count as its users. */
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

/** Whether its conflist asks for the policy that it has: then that says why. */
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
