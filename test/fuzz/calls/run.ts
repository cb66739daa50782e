import { patience } from '../../lab/patience'
import { differences } from './compare'
import type { Coverage } from './coverage'
import { plantForeign } from './foreign'
import type { Lane } from './lane'
import { observe } from './observation'
import { type Add, type Call, keyOf, type Operation, type Pod } from './operations'
import { perform, type Reply } from './perform'
import { problemsOf } from './replies'
import { cacheFile, netnsOf } from './requests'
import { type Answered, isCutShort, outcomes } from './steps'
import { clear, leftovers } from './tidy'
import { interrupted } from './transitions'
import { EMPTY_WORLD, type LaneSurroundings, type Surroundings, type World, without } from './world'

/** A sequence of operations went wrong in one lane. */
export interface Failure {
  readonly lane: string
  /** The operation's number, from 0 on. */
  readonly step: number
  readonly reasons: readonly string[]
}

/** A lane, and what the oracle thinks of it. */
interface Node {
  readonly lane: Lane
  worlds: readonly World[]
  foreign: string
  /** When each tombstone was first there, by pod, in ms of Date.now(). */
  readonly buried: Map<string, number>
}

/** An error that names what is wrong with the product, and not with the fuzzer. */
class Wrong extends Error {
  constructor(readonly reasons: readonly string[]) {
    super(reasons.join('\n'))
  }
}

/** Runs the same operations in all lanes side by side, and compares after each of them. */
export async function runSequence(
  lanes: readonly Lane[],
  operations: readonly Operation[],
  { coverage, end = Number.POSITIVE_INFINITY }: { readonly coverage: Coverage; readonly end?: number },
): Promise<Failure | undefined> {
  const nodes: Node[] = await Promise.all(
    lanes.map(async (lane) => {
      await clear(lane)
      await plantForeign(lane)
      return { lane, worlds: [EMPTY_WORLD], foreign: (await observe(lane)).foreign, buried: new Map() }
    }),
  )
  let around: Surroundings = { conf: {}, alive: new Set() }
  const pods = new Map<string, Pod>()
  let isLast = false
  for (const [step, planned] of [...operations, 'end' as const].entries()) {
    isLast = planned === 'end' || Date.now() >= end
    const operation = isLast ? 'end' : planned
    const calls = operation === 'end' ? [] : callsOf(operation)
    const adds = calls.filter((call): call is Add => call.call === 'ADD')
    for (const call of calls) if ('pod' in call) pods.set(keyOf(call.pod), call.pod)
    const before = around
    around = operation === 'end' ? around : changed(around, operation, adds)
    const results = await Promise.all(
      nodes.map(async (node): Promise<Failure | undefined> => {
        try {
          await prepare(node.lane, adds, before)
          age(node)
          if (operation === 'end') await finish(node, [...pods.values()], around)
          else await take(node, operation, { around, coverage })
          coverage.comparisons += 1
          return undefined
        } catch (error) {
          const reasons =
            error instanceof Wrong
              ? error.reasons
              : [`the fuzzer itself failed: ${error instanceof Error ? error.stack : error}`]
          return { lane: node.lane.kind.name, step, reasons }
        }
      }),
    )
    const failure = results.find((result) => result !== undefined)
    if (failure) return failure
    coverage.operations += 1
    if (isLast) return undefined
  }
  return undefined
}

export function callsOf(operation: Operation): readonly Call[] {
  if ('call' in operation) return [operation]
  if ('group' in operation) return operation.group
  return 'killed' in operation ? [operation.killed] : []
}

function changed(around: Surroundings, operation: Operation, adds: readonly Add[]): Surroundings {
  const { conf, alive } = around
  if ('conf' in operation) return { alive, conf: { ...conf, [operation.conf]: operation.keys } }
  if ('dies' in operation) return { conf, alive: new Set([...alive].filter((one) => one !== operation.dies)) }
  return { conf, alive: new Set([...alive, ...adds.map(({ pod }) => pod.containerID)]) }
}

/** Less than the two minutes that a tombstone is there: on a busy machine that is a few steps. */
const SURE_MS = 100_000

/** Nobody knows any more whether an old tombstone is there. */
function age(node: Node): void {
  const sure = new Set(
    node.worlds.flatMap(({ tombs }) => Object.keys(tombs).filter((pod) => tombs[pod] === 'sure')),
  )
  for (const pod of node.buried.keys()) if (!sure.has(pod)) node.buried.delete(pod)
  for (const pod of sure) if (!node.buried.has(pod)) node.buried.set(pod, Date.now())
  const old = [...node.buried].flatMap(([pod, since]) => (Date.now() - since > SURE_MS ? [pod] : []))
  if (old.length === 0) return
  const doubts = Object.fromEntries(old.map((pod) => [pod, 'perhaps' as const]))
  node.worlds = node.worlds.map((world) => ({ ...world, tombs: { ...world.tombs, ...doubts } }))
}

/** Each pod has a network namespace with its addresses. */
async function prepare(lane: Lane, adds: readonly Add[], { alive }: Surroundings): Promise<void> {
  const created = new Set(alive)
  const lines = adds.flatMap(({ pod, ips }) => {
    const name = netnsOf(pod)
    const create = created.has(pod.containerID) ? [] : [`ip netns add ${name}`]
    created.add(pod.containerID)
    return [...create, ...ips.map(({ address }) => `ip -n ${name} addr replace ${address} dev lo`)]
  })
  if (lines.length > 0) await lane.sh(lines.join('\n'))
}

interface Taking {
  readonly around: Surroundings
  readonly coverage: Coverage
}

async function take(node: Node, operation: Operation, { around, coverage }: Taking): Promise<void> {
  const { lane } = node
  if ('conf' in operation) {
    const plugin = { type: 'ip-masq', ...operation.keys, ...lane.kind.keys }
    const conflist = { cniVersion: '1.0.0', name: operation.conf, plugins: [{ type: 'bridge' }, plugin] }
    await lane.write(`/mnt/net.d/${operation.conf}.conflist`, JSON.stringify(conflist))
    return
  }
  if ('dies' in operation) {
    await lane.sh(`ip netns delete ${netnsOf({ containerID: operation.dies })} 2>/dev/null || true`)
    return
  }
  if ('cacheFile' in operation) return damageCache(node, operation)
  if ('crowd' in operation) await crowd(node, operation, { around, coverage })
  else if ('killed' in operation) await kill(node, operation, { around, coverage })
  else await callAll(node, callsOf(operation), { around, coverage })
  await compare(node)
}

/** Calls side by side; the worlds that are left are those that explain the answers. */
async function callAll(node: Node, calls: readonly Call[], { around, coverage }: Taking): Promise<void> {
  const answered = await Promise.all(
    calls.map(async (call) => ({ call, reply: await perform(node.lane, call, around.conf) })),
  )
  const reasons = answered.flatMap(({ call, reply }) => {
    coverage.count(call, reply)
    return problemsOf(call, reply).map((problem) => `${nameOf(call)}: ${problem}`)
  })
  if (reasons.length > 0) throw new Wrong(reasons)
  node.worlds = explained(node, answered, around)
  for (const { call, reply } of answered) {
    if (!isCutShort(reply) || !('pod' in call)) continue
    coverage.cutShort += 1
    const { pod, network } = call
    const again: Call = { call: 'DEL', pod, network, prevResult: 'none', chainFails: true }
    node.worlds = explained(
      node,
      [{ call: again, reply: await perform(node.lane, again, around.conf) }],
      around,
    )
  }
  if (calls.some((call) => call.call === 'lose' && call.what === 'ruleset')) await plantForeign(node.lane)
}

function seenBy({ kind }: Lane, around: Surroundings): LaneSurroundings {
  const families = kind.firewall === 'nftables' ? [[4, 6]] : [[4], [6]]
  return { ...around, families, mayMiss: families.length > 1 }
}

function explained({ lane, worlds }: Node, answered: readonly Answered[], around: Surroundings): World[] {
  const after = outcomes(worlds, answered, { around: seenBy(lane, around) })
  if (after.length > 0) return after
  throw new Wrong([
    'no order of these calls explains their answers:',
    ...answered.map(
      ({ call, reply }) => `${nameOf(call)}: status ${reply.status} ${reply.stdout}${reply.stderr}`,
    ),
    `before them: ${JSON.stringify(worlds[0])}`,
  ])
}

/** What the kernel has, and what is left besides. */
async function compare(node: Node): Promise<void> {
  const { lane } = node
  await untilQuiet(lane)
  const observation = await observe(lane)
  if (observation.problems.length > 0) throw new Wrong(observation.problems)
  const options = { hookIsKnown: lane.kind.firewall === 'nftables' }
  const compared = node.worlds.map((world) => ({ world, lines: differences(world, observation, options) }))
  const right = compared.filter(({ lines }) => lines.length === 0).map(({ world }) => world)
  if (right.length === 0) {
    const nearest = compared.reduce((best, one) => (one.lines.length < best.lines.length ? one : best))
    throw new Wrong([`${compared.length} outcomes would be right; the nearest differs so:`, ...nearest.lines])
  }
  node.worlds = right
  if (observation.foreign !== node.foreign)
    throw new Wrong(['foreign rules were changed:', node.foreign, 'became', observation.foreign])
}

/** A killed call's child may work on for a moment. */
async function untilQuiet(lane: Lane): Promise<void> {
  const end = Date.now() + patience(60_000)
  let left = await lane.processes()
  while (left.length > 0 && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    left = await lane.processes()
  }
  if (left.length > 0) throw new Wrong([`processes are left: ${left.join(', ')}`])
}

async function kill(
  node: Node,
  { killed, afterMs }: Extract<Operation, { killed: unknown }>,
  taking: Taking,
): Promise<void> {
  const { around, coverage } = taking
  const before = node.worlds
  const { run } = node.lane
  const lane = {
    ...node.lane,
    run: (process: Parameters<typeof run>[0]) => run({ ...process, killAfterMs: afterMs }),
  }
  const reply = await perform(lane, killed, around.conf)
  if (reply.signal !== 'SIGKILL' || reply.timedOut) {
    coverage.count(killed, reply)
    node.worlds = explained(node, [{ call: killed, reply }], around)
    return
  }
  coverage.killed += 1
  await untilQuiet(node.lane)
  node.worlds = before.flatMap((world) => interrupted(world, killed, seenBy(node.lane, around)))
  // What a runtime, or a timer, does next.
  const again: Call =
    killed.call === 'ADD' ? { ...killed, call: 'DEL', prevResult: 'none', chainFails: false } : killed
  await callAll(node, [again], taking)
}

/** As an operator, or a power loss, leaves it. */
async function damageCache(
  node: Node,
  { cacheFile: pod, becomes }: Extract<Operation, { cacheFile: unknown }>,
): Promise<void> {
  const network = node.worlds[0]?.cache[keyOf(pod)]?.network
  if (network === undefined) return
  const path = cacheFile(network, pod)
  if (becomes === 'lost') await node.lane.remove(path)
  else await node.lane.write(path, becomes === 'empty' ? '' : '{"kind": "cniCacheV1", "contai')
  node.worlds = node.worlds.map((world) => {
    const [entry, cache] = [world.cache[keyOf(pod)], without(world.cache, [keyOf(pod)])]
    if (!entry || becomes === 'lost') return { ...world, cache }
    return { ...world, cache: { ...cache, [keyOf(pod)]: { ...entry, isReadable: false } } }
  })
}

const CROWD_AT_ONCE = 8

/** More pods than fit in a hash of the kernel's without growing it: nothing of them may be left. */
async function crowd(
  node: Node,
  { crowd: size, prevResult }: Extract<Operation, { crowd: number }>,
  { around, coverage }: Taking,
): Promise<void> {
  const pods = Array.from({ length: size }, (_, i) => ({
    pod: { containerID: `crowd-${i}`, ifname: 'eth0' },
    ips: [
      { address: `10.77.0.${i + 1}`, length: 24 },
      { address: `fd77::${(i + 1).toString(16)}`, length: 64 },
    ],
  }))
  const adds = pods.map(
    (one): Call => ({
      ...{ call: 'ADD', ...one, network: 'crowd', shape: 'sandbox', version: '1.0.0', chainFails: true },
    }),
  )
  const dels = pods.map(
    ({ pod, ips }): Call => ({
      ...{ call: 'DEL', pod, network: 'crowd', prevResult: prevResult ? ips : 'none', chainFails: true },
    }),
  )
  const half = Math.floor(size / 2)
  const calls = [
    ...adds.slice(0, half),
    ...interleaved(adds.slice(half), dels.slice(0, half)),
    ...dels.slice(half),
  ]
  const added = new Map<string, Promise<Reply>>()
  const work = async () => {
    for (let call = calls.shift(); call; call = calls.shift()) {
      const key = 'pod' in call ? keyOf(call.pod) : ''
      // A runtime's DEL waits for the end of the ADD.
      if (call.call === 'DEL') await added.get(key)
      const replying = perform(node.lane, call, around.conf)
      if (call.call === 'ADD') added.set(key, replying)
      const reply = await replying
      coverage.count(call, reply)
      const problems = problemsOf(call, reply)
      if (reply.status !== 0 && !isCutShort(reply)) problems.push(reply.stdout)
      if (problems.length > 0) throw new Wrong([`${nameOf(call)}: ${problems.join(', ')}`])
      if (!isCutShort(reply)) continue
      coverage.cutShort += 1
      calls.push(...dels.filter((del) => 'pod' in del && 'pod' in call && del.pod === call.pod))
    }
  }
  await Promise.all(Array.from({ length: CROWD_AT_ONCE }, work))
  node.worlds = node.worlds.flatMap((world) => [
    { ...world, isStanding: true },
    { ...world, isStanding: true, isUnhooked: false },
  ])
}

function interleaved<T>(some: readonly T[], others: readonly T[]): T[] {
  return some.flatMap((one, i) => [one, ...others.slice(i, i + 1)])
}

/** All pods go; then nothing of them may be left, in the kernel or elsewhere. */
async function finish(node: Node, pods: readonly Pod[], around: Surroundings): Promise<void> {
  for (const pod of pods) {
    const call: Call = { call: 'DEL', pod, network: 'cbr0', prevResult: 'none', chainFails: true }
    const reply = await perform(node.lane, call, around.conf)
    const problems = problemsOf(call, reply)
    if (reply.status !== 0) problems.push(reply.stdout)
    if (problems.length > 0) throw new Wrong(problems)
    node.worlds = explained(node, [{ call, reply }], around)
  }
  await compare(node)
  const left = await leftovers(node.lane)
  if (left.length > 0) throw new Wrong(left)
}

export function nameOf(call: Call): string {
  if ('what' in call) return `${call.call} ${call.what}`
  return 'pod' in call ? `${call.call} ${keyOf(call.pod)}` : call.call
}
