/** Signs that a tool exists but cannot be used. */

/** Whether this is the status with which the dynamic linker or a shell reports a file that exists and does not run. */
export function cannotRun(status: number): boolean {
  return status === 126 || status === 127
}

/** The version that a tool prints ("v1.0.6"), if it is older than what we need. */
export function tooOld(printed: string, oldest: readonly number[]): string | undefined {
  const version = /v(\d+(?:\.\d+)+)/.exec(printed)?.[1]
  const parts = version?.split('.').map(Number) ?? []
  const difference = oldest.map((part, i) => (parts[i] ?? 0) - part).find((d) => d !== 0) ?? 0
  return version !== undefined && difference < 0 ? version : undefined
}
