import { ABOUT, HELP, VERSION } from './about'
import { nftables } from './backend/nftables'
import { runTool } from './exec'
import { answer } from './plugin'
import { readStdin, write } from './stdio'

/** The process edge: the only module that touches `process`. */

/** For all tools of one call together; kubelet and containerd give a call 2 minutes. */
const DEADLINE_MS = 20_000

async function main(): Promise<number> {
  if (process.env.CNI_COMMAND) return runPlugin()
  return runOperator(process.argv.slice(2))
}

async function runPlugin(): Promise<number> {
  const started = performance.now()
  const nft = (args: readonly string[], input: string) =>
    runTool({
      tool: 'nft',
      args,
      input,
      path: process.env.PATH,
      milliseconds: Math.max(1, Math.round(DEADLINE_MS - (performance.now() - started))),
    })
  const { stdout, warnings, isError } = await answer({
    environment: process.env,
    readStdin,
    backend: nftables(nft, () => Date.now() / 1000),
  })
  if (warnings.length > 0) await writeWarnings(warnings)
  if (stdout !== '') await write(1, `${stdout}\n`)
  return isError ? 1 : 0
}

/** A runtime that closed stderr does not want to know; it must not fail a DEL that did its work. */
async function writeWarnings(warnings: readonly string[]): Promise<void> {
  try {
    await write(2, warnings.map((warning) => `ip-masq: ${warning}\n`).join(''))
  } catch {}
}

async function runOperator([option, ...rest]: readonly string[]): Promise<number> {
  if (option === undefined) {
    await write(2, ABOUT)
    return 0
  }
  if (rest.length === 0 && option === '--version') {
    await write(1, `${VERSION}\n`)
    return 0
  }
  if (rest.length === 0 && (option === '--help' || option === '-h')) {
    await write(1, HELP)
    return 0
  }
  await write(2, `Cannot use ${JSON.stringify([option, ...rest].join(' '))}: see ip-masq --help\n`)
  return 2
}

// `exit`, where setting `exitCode` would do, saves the native runtime 1 ms of winding up. It truncates nothing: each
// write was waited for. A result that cannot be written has not been delivered, and so is a failure.
main().then(
  (status) => process.exit(status),
  () => process.exit(1),
)
