/** The part of the package that we use; it has no types of its own. */
declare module 'picomatch/posix' {
  interface Picomatch {
    /** Makes a test of whether a path matches a pattern. */
    (pattern: string): (path: string) => boolean
    /** `base` has no wildcard, `glob` is the rest. */
    scan(pattern: string): { readonly base: string; readonly glob: string }
  }
  const picomatch: Picomatch
  export default picomatch
}
