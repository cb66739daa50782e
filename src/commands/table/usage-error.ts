/** A command line that cannot be used. The exit status is then 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
