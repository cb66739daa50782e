import { bootSeconds, epochSeconds } from '#system/clock'
import { environment, programArguments } from '#system/program'
import { readStdin, write, writeSome } from '#system/streams'
import { CARRIER_SETTINGS } from './backend/backend'
import { type Backends, backends } from './backend/places'
import { toCniError } from './cni/error'
import { DEFAULT_CACHE_DIR } from './cni/paths'
import { printableText, printLines } from './cni/printable'
import type { World } from './commands/world'
import { deliver, runToEnd } from './edge'
import { once } from './system/once'
import type { Output } from './system/streams'
import { VERSION } from './system/version'
import { answer } from './verbs/answer'

/** The process edge: arguments, environment and exit status come in and go out here only. */

/** The limit for all tools of one call together; kubelet and containerd give a call 2 minutes. */
const DEADLINE_MS = 20_000

/** The limit for what makes no more than a warning of a call that has its answer. */
const WARNING_MS = 2_000

/** How long to wait for our turn, compared with that: 30 s at most, and not long for what is best effort. */
const WAIT_RATIO = 1.5

async function main(): Promise<number> {
  if (environment().CNI_COMMAND) return runPlugin()
  return runOperator(programArguments())
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

async function runOperator([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case undefined:
      write(2, (await import('./commands/help')).ABOUT)
      return 0
    case 'sync':
      return runCommand(async () => (await import('./commands/sync')).syncCommand(args, world))
    case 'gc':
      return runCommand(async () => (await import('./commands/gc')).gcCommand(args, world))
    case 'install':
      return runCommand(async () => (await import('./commands/install')).installCommand(args, world))
    case 'uninstall':
      return runCommand(async () => (await import('./commands/uninstall')).uninstallCommand(args, world))
    case 'convert':
      return runCommand(async () => (await import('./commands/convert')).convertCommand(args, world))
    case '--version':
    case '--help':
    case '-h':
      if (args.length > 0) break
      write(1, command === '--version' ? `${VERSION}\n` : (await import('./commands/help')).HELP)
      return 0
    default:
  }
  write(2, printLines([`Cannot use ${JSON.stringify([command, ...args].join(' '))}: see ip-masq --help`]))
  return 2
}

let isStaying = false
let isHeldUp = () => false

type Write = (text: string) => Promise<void>
let writeAs: Readonly<Record<Output, Write>> = {
  1: async (text) => write(1, text),
  2: async (text) => write(2, text),
}

const world: World = {
  backend: () => backendWithin(DEADLINE_MS),
  primaryFirewalls: () => primaryFirewallsWithin(DEADLINE_MS),
  write: (text) => writeAs[1](printableText(text)),
  writeError: (text) => writeAs[2](printableText(text)),
  async stay() {
    if (isStaying) return
    isStaying = true
    const { backgroundOutput } = await import('./commands/background-output')
    const stdout = backgroundOutput((bytes) => writeSome(1, bytes))
    const stderr = backgroundOutput((bytes) => writeSome(2, bytes))
    writeAs = { 1: stdout.write, 2: stderr.write }
    isHeldUp = () => stdout.isHeldUp() || stderr.isHeldUp()
  },
}

/** Errors of a command are for a person: one line on stderr, and what a tool said below it. */
async function runCommand(run: () => Promise<number>): Promise<number> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof Error && error.name === 'UsageError') {
      write(2, printLines([error.message]))
      return 2
    }
    const { message, details } = toCniError(error)
    write(2, printLines([message]) + printableText(details && `${details}\n`))
    return 1
  }
}

runToEnd(main, () => isHeldUp())
