import { PLUGINS } from './plugins'
import { type Figures, measure } from './stopwatch'

/** One call of a plugin in a namespace, timed from its start to its end. */
export interface TimedCall {
  readonly executable: string
  readonly command: string
  readonly config: unknown
  readonly netns?: string
  readonly containerID?: string
  /** A directory to look for tools in first. */
  readonly tools?: string
}

export interface TimedReply extends Figures {
  readonly result: unknown
}

export function call(namespacePath: string, call: TimedCall): TimedReply {
  const input = call.config === undefined ? '' : JSON.stringify(call.config)
  const { stdout, stderr: _, ...figures } = measure(namespacePath, { ...processOf(call), inputs: [input] })
  return { ...figures, result: stdout === '' ? undefined : JSON.parse(stdout) }
}

/** One call for each config, all at once. Each is of an attachment of its own: its container ID and interface get a number. */
export function callAtOnce(
  namespacePath: string,
  call: Omit<TimedCall, 'config'>,
  configs: readonly unknown[],
): Figures {
  const inputs = configs.map((config) => JSON.stringify(config))
  return measure(namespacePath, { ...processOf(call), inputs })
}

/** Any other process in the namespace. */
export function timeProcess(namespacePath: string, command: readonly string[], input = ''): Figures {
  return measure(namespacePath, { command, inputs: [input] })
}

function processOf({ executable, command, netns, containerID, tools }: Omit<TimedCall, 'config'>) {
  const environment = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerID ?? 'bench',
    CNI_NETNS: netns ?? '/var/run/netns/none',
    CNI_IFNAME: 'eth0',
    CNI_PATH: PLUGINS,
    ...(tools && { PATH: `${tools}:${process.env.PATH}` }),
  }
  return { command: [executable], environment }
}
