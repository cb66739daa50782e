/** Names with `*`, `**`, `?`, `[a-z]` and `{a,b}`: `#system/globs`. */
export interface Globs {
  /**
   * The absolute paths of the files that an absolute pattern fits, without directories, in any order. A wildcard fits no name
   * that begins with a dot. Throws for a pattern that cannot be read.
   */
  expandGlob(pattern: string): Promise<string[]>
}
