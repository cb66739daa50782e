/**
 * Makes text safe that others chose (names from the environment, conflists, caches, what tools print) and that ends in
 * terminals and logs. There an escape sequence may hide or change what an operator reads, a line break may forge a line,
 * and a bidirectional control character may reverse the order of words.
 */

/**
 * Makes one line: any character that would not be visible as it is, line breaks included, becomes an escape as in JSON
 * (`\u001b`).
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escapeCharacter)
}

/** Makes several lines: line breaks and tabs stay. */
export function printableText(text: string): string {
  // A table of 10,000 pods has nothing else, and the Unicode properties are looked up for each character.
  if (isPlain(text)) return text
  return text.replace(/[^\P{Cc}\n\t]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escapeCharacter)
}

/** Whether a text has nothing but what ASCII prints, line breaks and tabs. */
export function isPlain(text: string): boolean {
  plain ??= new RegExp(`^(?:${PRINTED.repeat(64)})*${PRINTED}{0,63}$`)
  return plain.test(text)
}

const PRINTED = '[\\t\\n -~]'
/**
 * It reads 64 characters at a time: for each repetition the engine remembers a place to return to, which takes most of the
 * time.
 */
let plain: RegExp | undefined

/** Makes lines for a terminal, each with its end. */
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
