/** A command line that cannot be used. It ends with exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
