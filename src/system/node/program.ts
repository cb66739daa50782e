export function onStart(run: () => void): void {
  queueMicrotask(run)
}

export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env
}

export function programArguments(): readonly string[] {
  return process.argv.slice(2)
}

export function executable(): string {
  return process.argv[1] ?? ''
}

export function processId(): number {
  return process.pid
}

export function effectiveUser(): number {
  return process.geteuid?.() ?? 0
}

export function workingDirectory(): string {
  return process.cwd()
}

export function onStop(stop: () => void): void {
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

/** Ends the process. By itself Node would wait for ever for a thread that writes to a full pipe. */
export function exit(status: number, isHeldUp: boolean): never {
  if (isHeldUp) process.kill(process.pid, 'SIGKILL')
  return process.exit(status)
}
