import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { ID_DIGITS, type Observation, type ObservedPolicy } from './observation'
import { type PolicyText, probesOf } from './policy-oracle'
import type { World } from './world'

/** How the kernel differs from a possible world, a line each. */
export function differences(
  world: World,
  observation: Observation,
  { hookIsKnown }: { readonly hookIsKnown: boolean },
): string[] {
  const lines: string[] = []
  const addresses = new Set([...Object.keys(world.rules), ...Object.keys(observation.rules)])
  for (const address of [...addresses].sort()) {
    const [expected, seen] = [world.rules[address], observation.rules[address]]
    if (!expected) lines.push(`${address} has a rule of ${seen?.id}, and should have none`)
    else if (!seen) lines.push(`${address} has no rule, and should have one of ${expected.pod}`)
    else if (seen.id !== idOf(expected.pod))
      lines.push(`${address} is of ${seen.id}, and should be of ${expected.pod} (${idOf(expected.pod)})`)
    else lines.push(...policyDifferences(address, expected.policy, observation.policies[seen.policy]))
  }
  const isHooked = world.isStanding && !world.isUnhooked
  if (hookIsKnown && isHooked !== observation.isHooked)
    lines.push(`the rules are ${observation.isHooked ? '' : 'not '}hooked`)
  return lines
}

export function idOf(pod: string): string {
  const [containerID, ...ifname] = pod.split(' ')
  const text = JSON.stringify([containerID, ifname.join(' ')])
  return createHash('sha256').update(text).digest('hex').slice(0, ID_DIGITS)
}

const known = new Map<string, readonly string[]>()

function policyDifferences(
  address: string,
  expected: PolicyText,
  seen: ObservedPolicy | undefined,
): readonly string[] {
  const family = isIP(address)
  const key = `${family} ${expected} ${seen?.text}`
  const lines = known.get(key) ?? compare(family, expected, seen)
  known.set(key, lines)
  return lines.map((line) => `${address}: ${line}`)
}

function compare(family: number, expected: PolicyText, seen: ObservedPolicy | undefined): string[] {
  if (!seen) return ['its policy is not there']
  const wrong = probesOf(expected).filter(
    ({ destination, isMasqueraded }) =>
      isIP(destination) === family && seen.isMasqueraded(destination) !== isMasqueraded,
  )
  return wrong.length === 0
    ? []
    : [
        `${wrong.length} destinations are treated wrongly, as ${wrong[0]?.destination}, which should ${wrong[0]?.isMasqueraded ? '' : 'not '}be masqueraded by ${expected}`,
      ]
}
