/**
 * Text that others chose (names from the environment, conflists, caches, what tools say) ends in terminals and logs. There an
 * escape sequence may hide or change what an operator reads, a line break make a line of its own, and a
 * bidirectional control turn the order of the words around.
 */

/** One line: what would not be seen as it is, line breaks included, becomes an escape as in JSON (`\u001b`). */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escapeCharacter)
}

/** Several lines: line breaks and tabs stay. */
export function printableText(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escapeCharacter)
}

/** Lines for a terminal, each with its end. */
export function printLines(lines: readonly string[]): string {
  let text = ''
  for (const line of lines) text += `${printable(line)}\n`
  return text
}

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n'
  let escaped = ''
  // A character beyond U+FFFF has two units.
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  }
  return escaped
}
