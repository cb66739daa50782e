import { type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser'
import { fromByteText } from './read-file'

/** JSON.parse, and an error that says where the mistake is; Bun's own says no position, and Node's an offset. */
export function parseJsonText(byteText: string): unknown {
  try {
    return JSON.parse(byteText)
  } catch {
    throw new Error(mistakeIn(byteText))
  }
}

const WORDS: Readonly<Record<string, string>> = {
  InvalidSymbol: 'this is no JSON',
  InvalidNumberFormat: 'this is no number',
  PropertyNameExpected: 'a key in double quotes is expected',
  ValueExpected: 'a value is expected',
  ColonExpected: 'a colon is expected',
  CommaExpected: 'a comma is expected',
  CloseBraceExpected: 'a closing brace is expected',
  CloseBracketExpected: 'a closing bracket is expected',
  EndOfFileExpected: 'the end is expected',
  InvalidCommentToken: 'JSON has no comments',
  UnexpectedEndOfComment: 'JSON has no comments',
  UnexpectedEndOfString: 'the string has no end',
  UnexpectedEndOfNumber: 'the number has no end',
  InvalidUnicode: 'this is no Unicode escape',
  InvalidEscapeCharacter: 'this escape does not exist',
  InvalidCharacter: 'this character must be escaped',
}

function mistakeIn(byteText: string): string {
  if (byteText.trim() === '') return 'it is empty'
  if (byteText.startsWith(BYTE_ORDER_MARK))
    return 'line 1, column 1: it begins with a byte order mark, which runtimes refuse; save it as UTF-8 without one'
  const errors: ParseError[] = []
  parseTree(byteText, errors, { disallowComments: true, allowTrailingComma: false })
  const [first] = errors
  if (!first) return 'it is not JSON'
  const words = WORDS[printParseErrorCode(first.error)] ?? 'this is not JSON'
  return `${positionOf(byteText, first.offset)}: ${words}`
}

/** U+FEFF in UTF-8. */
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf'

export function positionOf(byteText: string, offset: number): string {
  const lines = byteText.slice(0, offset).split('\n')
  return `line ${lines.length}, column ${fromByteText(lines.at(-1) ?? '').length + 1}`
}
