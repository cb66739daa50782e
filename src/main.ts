import { bootSeconds, epochSeconds } from '#system/clock'
import { environment, programArguments } from '#system/program'
import { readStdin } from '#system/streams'
import { CARRIER_SETTINGS } from './backend/backend'
import { type Backends, backends } from './backend/places'
import { DEFAULT_CACHE_DIR } from './cni/paths'
import { deliver, runToEnd } from './edge'
import { once } from './system/once'
import { answer } from './verbs/answer'

/** The process edge: arguments, environment and exit status come in and go out here only. */

/** The limit for all tools of one call together; kubelet and containerd give a call 2 minutes. */
const DEADLINE_MS = 20_000

/** The limit for what makes no more than a warning of a call that has its answer. */
const WARNING_MS = 2_000

/** How long to wait for our turn, compared with that: 30 s at most, and not long for what is best effort. */
const WAIT_RATIO = 1.5

let isHeldUp = () => false

async function main(): Promise<number> {
  if (environment().CNI_COMMAND) return runPlugin()
  const operator = await import('./operator')
  isHeldUp = operator.isHeldUp
  return operator.runOperator(programArguments(), {
    backend: () => backendWithin(DEADLINE_MS),
    machine: () => machineWithin(DEADLINE_MS),
    primaryFirewalls: () => primaryFirewallsWithin(DEADLINE_MS),
  })
}

async function machineWithin(milliseconds: number) {
  const { PATH } = environment()
  const { hostOf, toolsWithin } = await import('./backend/host')
  return { run: toolsWithin(PATH, milliseconds), host: hostOf(PATH, milliseconds * WAIT_RATIO) }
}

function backendWithin(milliseconds: number): Backends {
  const { IP_MASQ_CARRIER } = environment()
  const carrier = CARRIER_SETTINGS.find((one) => one === IP_MASQ_CARRIER)
  const machine = once(() => machineWithin(milliseconds))
  return backends(machine, { epochSeconds, bootSeconds }, carrier)
}

async function primaryFirewallsWithin(milliseconds: number) {
  const { PATH } = environment()
  const { hostOf, toolsWithin } = await import('./backend/host')
  const { primaryFirewalls } = await import('./primary/firewalls')
  return primaryFirewalls(toolsWithin(PATH, milliseconds), hostOf(PATH))
}

async function runPlugin(): Promise<number> {
  return deliver(
    await answer({
      environment: environment(),
      readStdin,
      backend: backendWithin(DEADLINE_MS),
      backendWithin,
      primaryFirewalls: () => primaryFirewallsWithin(WARNING_MS),
      cacheDir: DEFAULT_CACHE_DIR,
    }),
  )
}

runToEnd(main, () => isHeldUp())
