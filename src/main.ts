import { fstatSync, readSync, writeSync } from 'node:fs'
import { ABOUT, HELP, VERSION } from './about'
import { nftables } from './backend/nftables'
import { runTool } from './exec'
import { answer } from './plugin'

/**
 * The process edge: the only module that touches `process`. Reads and writes are synchronous calls on the
 * descriptors, because the streams of `process` cost 1 to 2 ms to set up.
 */

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
  const reply = await answer({
    environment: process.env,
    readStdin: readStdin,
    backend: nftables(nft, () => Date.now() / 1000),
  })
  writeWarnings(reply.warnings)
  if (reply.stdout !== '') writeAll(1, `${reply.stdout}\n`)
  return reply.isError ? 1 : 0
}

function runOperator([option, ...rest]: readonly string[]): number {
  if (option === undefined) {
    writeAll(2, ABOUT)
    return 0
  }
  if (rest.length === 0 && option === '--version') {
    writeAll(1, `${VERSION}\n`)
    return 0
  }
  if (rest.length === 0 && (option === '--help' || option === '-h')) {
    writeAll(1, HELP)
    return 0
  }
  writeAll(2, `Cannot use ${JSON.stringify([option, ...rest].join(' '))}: see ip-masq --help\n`)
  return 2
}

/** A pipe or a socket may be non-blocking, set so by whoever holds the other end: then wait, don't give up. */
function untilReady<T>(attempt: () => T): T {
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}

/** A person at a terminal sends no config; waiting for one would look like a hang. */
function readStdin(): string {
  return fstatSync(0).isCharacterDevice() ? '' : readAll(0)
}

function readAll(descriptor: number): string {
  const chunks: Uint8Array[] = []
  for (;;) {
    const chunk = new Uint8Array(64 * 1024)
    const length = untilReady(() => readSync(descriptor, chunk))
    if (length === 0) return Buffer.concat(chunks).toString('utf8')
    chunks.push(chunk.subarray(0, length))
  }
}

/** A runtime that closed stderr does not want to know; it must not fail a DEL that did its work. */
function writeWarnings(warnings: readonly string[]): void {
  try {
    for (const warning of warnings) writeAll(2, `ip-masq: ${warning}\n`)
  } catch {}
}

function writeAll(descriptor: number, text: string): void {
  let rest: Uint8Array = Buffer.from(text)
  while (rest.length > 0) rest = rest.subarray(untilReady(() => writeSync(descriptor, rest)))
}

// Not process.exit: it would cut off what is still in a pipe.
main().then((status) => {
  process.exitCode = status
})
