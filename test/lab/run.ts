import { spawn } from 'node:child_process'

export interface Ended {
  /** Undefined where a signal ended it. */
  readonly exitCode: number | undefined
  /** Without the newline at the end. */
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  /** All of its environment. Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Runs a program to its end and until its pipes are closed. execa does the same for three times the processor time, and the
 * suites start tens of thousands.
 */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { ...(options.env ?? process.env) } })
    const output: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (bytes: Buffer) => output[0].push(bytes))
    child.stderr.on('data', (bytes: Buffer) => output[1].push(bytes))
    child.on('error', reject)
    child.on('close', (code) => {
      const [stdout, stderr] = [text(output[0]), text(output[1])]
      resolve({ exitCode: code ?? undefined, stdout, stderr })
    })
    // EPIPE: it ended, or closed its stdin, before it read all.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input)
  })
}

/** As `run`, and throws when the program does not succeed. */
export async function runWell(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  const ended = await run(file, args, options)
  if (ended.exitCode === 0) return ended
  const command = [file, ...args].join(' ')
  throw Object.assign(
    new Error(`status ${ended.exitCode}: ${command}\n${ended.stderr}\n${ended.stdout}`),
    ended,
  )
}

const text = (pieces: readonly Buffer[]) =>
  Buffer.concat(pieces)
    .toString()
    .replace(/\r?\n$/, '')
