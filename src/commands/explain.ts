import type { Destination } from '../explain/destination'
import { resolve } from '../explain/destination'
import type { Explanation } from '../explain/explanation'
import { explanationsJson } from '../explain/json'
import { explainLive } from '../explain/live'
import { explainOffline } from '../explain/offline'
import { renderExplanations } from '../explain/render'
import { enterHostRoot } from './host-root'
import { namedAmong } from './named-directories'
import type { ExplainOptions } from './rows/explain'
import { UsageError } from './table/usage-error'
import type { World } from './world'

/** `ip-masq explain SOURCE DESTINATION` says what happens to packets, and which line decides. */
export async function explainCommand(options: ExplainOptions, world: World): Promise<number> {
  if (options.root !== undefined && options.conf === undefined) enterHostRoot(options.root)
  const { source, destination } = options
  const question = {
    ...{ subject: source.subject, sourceText: source.text, destinationText: destination.text },
    destinations: await destinationsOf(options, world),
  }
  if (options.conf !== undefined) {
    const { conf: file, podSubnets } = options
    const explanations = await explainOffline({ ...question, file, podSubnets })
    return print({ mode: 'offline', explanations, unseen: [] }, options, world)
  }
  const { confDir, cacheDirs } = options
  const node = { backend: world.backend(), machine: world.machine }
  const answer = await explainLive({ ...question, confDir, cacheDirs, named: namedAmong(options) }, node)
  return print({ mode: 'live', ...answer }, options, world)
}

async function destinationsOf(
  { destination: { text, written }, resolve: mayResolve }: ExplainOptions,
  world: World,
): Promise<Destination[]> {
  if (!('name' in written)) return [written]
  if (!mayResolve) {
    throw new UsageError(
      `Cannot use DESTINATION "${text}": it is a name; write --resolve to look it up, or write an address or a prefix`,
    )
  }
  return resolve(written.name, (await world.machine()).run)
}

interface Answer {
  readonly mode: 'live' | 'offline'
  readonly explanations: readonly Explanation[]
  readonly unseen: readonly string[]
}

async function print(answer: Answer, { json }: ExplainOptions, world: World): Promise<number> {
  const { mode, explanations, unseen } = answer
  await world.write(
    json
      ? `${JSON.stringify(explanationsJson(mode, explanations, unseen))}\n`
      : renderExplanations(explanations, unseen),
  )
  return unseen.length > 0 || explanations.some(isUncertain) ? 1 : 0
}

/**
 * Whether something makes the answer uncertain. Rules of kube-proxy do not: it is on nearly every node, and marks only
 * packets to Services, which the question is not about.
 */
function isUncertain({ problems, parts }: Explanation): boolean {
  return (
    problems.length > 0 ||
    parts.some(
      ({ decidedBy, others, verdict, seen, route }) =>
        decidedBy !== undefined ||
        verdict === undefined ||
        (route !== undefined && route.kind !== 'group' && seen === undefined) ||
        others.some(({ needsMark, owner }) => needsMark && owner !== 'kube-proxy'),
    )
  )
}
