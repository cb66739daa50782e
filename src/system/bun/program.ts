import * as node from '../node/program'

export function environment(): Readonly<Record<string, string | undefined>> {
  return node.environment()
}

export function programArguments(): readonly string[] {
  return node.programArguments()
}

export function executable(): string {
  return '/proc/self/exe'
}

export function processId(): number {
  return node.processId()
}

export function effectiveUser(): number {
  return node.effectiveUser()
}

export function workingDirectory(): string {
  return node.workingDirectory()
}

export function onStop(stop: () => void): void {
  node.onStop(stop)
}

/** It waits for no thread. */
export function exit(status: number, _isHeldUp: boolean): never {
  return node.exit(status, false)
}
