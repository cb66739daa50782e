const SHOWN = 3

/** The first few of many names, for one line. */
export function examples(names: readonly string[]): string {
  const more = names.length - SHOWN
  return `${names.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** `1 attachment has`, `2 attachments have` */
export function attachmentsHave(count: number): string {
  return count === 1 ? '1 attachment has' : `${count} attachments have`
}
