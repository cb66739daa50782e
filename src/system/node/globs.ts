/** The package is loaded only when a config has a glob. */
export async function expandGlob(pattern: string): Promise<string[]> {
  const { globSync } = await import('tinyglobby')
  return globSync(pattern, { absolute: true, expandDirectories: false })
}
