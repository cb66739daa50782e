import { type Invocation, invocationOf } from './invocation'
import { LANE_KINDS, type LaneKind } from './lane'
import { loseScript } from './losses'
import type { Call, Keys, Operation } from './operations'
import { cacheFile, netnsOf } from './requests'
import { callsOf, type Failure } from './run'

/** A sequence as shell lines that do by hand, in a network namespace, what the fuzzer did. */
export function renderOperations(operations: readonly Operation[], lane: string): string {
  const kind = LANE_KINDS.find(({ name }) => name === lane) ?? LANE_KINDS[0]
  if (!kind) return ''
  const conf: Record<string, Keys> = {}
  return operations
    .flatMap((operation, step) => [`# ${step}`, ...linesOf(operation, { kind, conf })])
    .join('\n')
}

interface Context {
  readonly kind: LaneKind
  /** Grows as conflists are written. */
  readonly conf: Record<string, Keys>
}

function linesOf(operation: Operation, context: Context): string[] {
  if ('conf' in operation) {
    context.conf[operation.conf] = operation.keys
    return [`# the conflist ${operation.conf} has ${JSON.stringify(operation.keys)} from now on`]
  }
  if ('dies' in operation) return [`ip netns delete ${netnsOf({ containerID: operation.dies })}`]
  if ('cacheFile' in operation)
    return [`# the cache file ${cacheFile('NETWORK', operation.cacheFile)} is ${operation.becomes}`]
  if ('crowd' in operation)
    return [
      `# ${operation.crowd} pods are added at once, then deleted ${operation.prevResult ? 'with' : 'without'} prevResult`,
    ]
  const lines = callsOf(operation).map((call) => lineOf(call, context))
  if ('killed' in operation)
    return [`timeout -s KILL 0.${String(operation.afterMs).padStart(3, '0')} \\`, ...lines]
  if ('group' in operation)
    return [
      ...operation.group.map((call, i) => `{ sleep ${(call.delayMs ?? 0) / 1000}; ${lines[i]}; } &`),
      'wait',
    ]
  return lines
}

function lineOf(call: Call, context: Context): string {
  if (call.call === 'lose') return loseScript(call.what, context.kind)
  const { argv, env, stdin }: Invocation = invocationOf(call, context)
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`)
  const command = argv.map((word) => word.replace('/mnt/dist', 'dist')).join(' ')
  const comment = 'chainFails' in call && call.chainFails ? ' # the cache file stays as it is' : ''
  const input = stdin === '' ? '</dev/null' : `<<<${quote(stdin.slice(0, 2000))}`
  return `env -i ${assignments.join(' ')} ${command} ${input}${comment}`
}

function quote(text: string): string {
  return /^[\w/.:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

export interface Found {
  readonly seed: number
  readonly failure: Failure
  readonly shrunk?: Parameters<typeof renderShrunk>[0]
}

export function renderFailure({ seed, failure, shrunk }: Found): string {
  const { lane, step, reasons } = failure
  return [
    `seed ${seed}: lane ${lane} failed at step ${step}:`,
    ...reasons.map((reason) => `  ${reason}`),
    `replay: npm run fuzz -- --seed ${seed} --steps ${step + 1} --lanes ${lane}`,
    ...(shrunk ? [renderShrunk(shrunk)] : []),
  ].join('\n')
}

function renderShrunk({
  operations,
  failure,
  failed,
  runs,
}: {
  readonly operations: readonly Operation[]
  readonly failure: Failure
  readonly failed: number
  readonly runs: number
}): string {
  return [
    `the shortest sequence found, which failed in ${failed} of ${runs} runs of its own (the end: DELs of all pods):`,
    ...failure.reasons.map((reason) => `  ${reason}`),
    renderOperations(operations, failure.lane),
  ].join('\n')
}
