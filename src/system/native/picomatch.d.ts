/** What we use of it; the package has no types of its own. */
declare module 'picomatch/posix' {
  interface Picomatch {
    /** Whether a path fits a pattern. */
    (pattern: string): (path: string) => boolean
    /** `base` has no wildcard, `glob` is the rest. */
    scan(pattern: string): { readonly base: string; readonly glob: string }
  }
  const picomatch: Picomatch
  export default picomatch
}
