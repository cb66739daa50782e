/** Names with `*`, `**`, `?`, `[a-z]` and `{a,b}`: `#system/globs`. */
export interface Globs {
  /**
   * The absolute paths of the files that match an absolute pattern, without directories, in any order. A wildcard matches
   * no name that begins with a dot. Throws for a pattern that cannot be parsed.
   */
  expandGlob(pattern: string): Promise<string[]>
}
