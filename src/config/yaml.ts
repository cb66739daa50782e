import {
  Composer,
  CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type ParsedNode,
  Parser,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml'
import { placeIn } from '../cni/text-place'

/**
 * Reads YAML in others' files. The messages have positions, and quote nothing: a glob may match a file that holds
 * secrets. A file has at most 1 MiB (LARGEST_CONFIG_FILE), and the time is linear in its length. `yaml` compares each key
 * of a map with all keys before it, and searches the document for each alias, so we do the first here, and limit the
 * second.
 */

/** An alias lets a few characters mean many: kustomize and Helm need a handful, a bomb needs more. */
const MOST_ALIASES = 100

/** A document's value, and where its top-level keys are. */
export interface YamlDocument {
  readonly value: unknown
  readonly placeOf: (key: string) => string | undefined
}

/** A document with the offsets of a top-level key and of each item in the key's list. */
export interface YamlTree extends YamlDocument {
  readonly offsetOf: (key: string, index?: number) => number | undefined
}

/** Parses all documents of a text. It is YAML 1.1, because Kubernetes' own reader takes that: there `yes` is a boolean. */
export function parseYamlDocuments(text: string): YamlTree[] {
  const placeAt = (offset: number) => placeIn(text, offset)
  const tokens = tokensOf(text, placeAt)
  const composer = new Composer({
    version: '1.1',
    logLevel: 'silent',
    prettyErrors: false,
    uniqueKeys: false,
  })
  const documents: YamlTree[] = []
  for (const document of composer.compose(tokens, false, text.length)) {
    documents.push(readDocument(document, placeAt))
  }
  rejectProblem(composer.streamInfo(), placeAt)
  const directive = documents.length === 0 ? text.search(/^%/m) : -1
  if (directive >= 0) throw new Error(`${placeAt(directive)}: ${ADVICE.BAD_DIRECTIVE}`)
  return documents
}

/** No config is nested this deep. */
const DEEPEST = 100
const MOST_DIRECTIVES = 16

/** The lexer makes four lexemes of one list item, because it counts spaces too. The library takes 2 s for this many. */
const MOST_LEXEMES = 100_000

/**
 * Makes tokens. The parser goes on after a fault, with an object for each of a million brackets. So the first fault that
 * could be repeated so often ends the reading.
 */
function tokensOf(text: string, placeAt: PlaceAt): CST.Token[] {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  let [offset, depth, directives, aliases, lexemes, last] = [0, 0, 0, 0, 0, '']
  for (const lexeme of new Lexer().lex(text)) {
    const type = CST.tokenType(lexeme)
    if (type === 'flow-map-start' || type === 'flow-seq-start') depth += 1
    if (type === 'flow-map-end' || type === 'flow-seq-end') depth -= 1
    if (type === 'directive-line') directives += 1
    if (type === 'alias') aliases += 1
    if (aliases > MOST_ALIASES)
      throw new Error(`${placeAt(offset)}: write at most ${MOST_ALIASES} aliases ("*name")`)
    lexemes += 1
    if (lexemes > MOST_LEXEMES)
      throw new Error(
        `${placeAt(offset)}: the file has too many values; write fewer values, or write it as JSON`,
      )
    const isFault =
      depth < 0 || depth > DEEPEST || directives > MOST_DIRECTIVES || (type === 'comma' && last === 'comma')
    if (isFault) {
      throw new Error(
        `${placeAt(offset)}: ${depth > DEEPEST ? ADVICE.RESOURCE_EXHAUSTION : ADVICE.UNEXPECTED_TOKEN}`,
      )
    }
    if (type !== 'space' && type !== 'newline' && type !== 'comment') last = type ?? ''
    // What the lexer adds by itself is not part of the text.
    if (!MARKS.includes(lexeme)) offset += lexeme.length
    for (const token of parser.next(lexeme)) tokens.push(token)
  }
  for (const token of parser.end()) tokens.push(token)
  return tokens
}

const MARKS: readonly string[] = [CST.BOM, CST.DOCUMENT, CST.FLOW_END, CST.SCALAR]

interface Problems {
  readonly errors: readonly YAMLError[]
  readonly warnings: readonly YAMLError[]
}

/** Refuses warnings too: a warning is about text that has no effect (a directive that YAML does not know). */
function rejectProblem({ errors, warnings }: Problems, placeAt: PlaceAt): void {
  const problem = errors[0] ?? warnings[0]
  if (problem)
    throw new Error(`${placeAt(problem.pos[0])}: ${ADVICE[problem.code] ?? 'write valid YAML here'}`)
}

type PlaceAt = (offset: number) => string

function readDocument(document: Document, placeAt: PlaceAt): YamlTree {
  rejectProblem(document, placeAt)
  visit(document, {
    Map(_, map) {
      rejectRepeatedKeys(map, placeAt)
    },
  })
  const value = toValue(document)
  // An object made of one of these would look empty.
  if (value instanceof Map || value instanceof Set)
    throw new Error('write a plain map, without !!omap or !!set')
  const offsetOf = (key: string, index?: number) => {
    const pairs = isMap<ParsedNode, ParsedNode>(document.contents) ? document.contents.items : []
    const found = pairs.find((pair) => keyOf(pair.key) === key)
    if (index === undefined) return found?.key.range[0]
    return isSeq<ParsedNode>(found?.value) ? found.value.items[index]?.range[0] : undefined
  }
  return {
    value,
    offsetOf,
    placeOf: (key) => {
      const offset = offsetOf(key)
      return offset === undefined ? undefined : placeAt(offset)
    },
  }
}

function toValue(document: Document): unknown {
  try {
    return document.toJS()
  } catch {
    throw new Error(
      'an alias ("*name") has no anchor ("&name") before it, or the aliases expand to too many values',
    )
  }
}

function rejectRepeatedKeys({ items }: YAMLMap, placeAt: PlaceAt): void {
  const seen = new Set<unknown>()
  for (const { key } of items) {
    const name = keyOf(key)
    // A merge ("<<") may occur several times.
    if (name === undefined || name === '<<') continue
    if (seen.has(name)) {
      const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0
      throw new Error(`${placeAt(offset)}: this map already has this key; keep one of the two`)
    }
    seen.add(name)
  }
}

/** The key as the name of an object's member; undefined for a key that is a list, a map or an alias. */
function keyOf(key: unknown): string | undefined {
  return isScalar(key) && !isAlias(key) ? String(key.value) : undefined
}

/** Advice for `yaml`'s errors and warnings, whose own texts quote the file. */
const ADVICE: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'remove the anchor or tag of the alias',
  BAD_ALIAS: 'write a name after "*" or "&", or quote the text',
  BAD_DIRECTIVE: 'remove the directive ("%"), which has no effect',
  BAD_DQ_ESCAPE: 'write an escape sequence of YAML, or use single quotes',
  BAD_INDENT: 'use the same indentation for all items of a list or map',
  BAD_PROP_ORDER: 'write the anchor and the tag before the value',
  BAD_SCALAR_START: 'quote the text: it begins with a character that YAML reserves',
  BLOCK_AS_IMPLICIT_KEY: 'write the inner map on lines of its own',
  BLOCK_IN_FLOW: 'write "[...]" or "{...}" here, or quote the text',
  DUPLICATE_KEY: 'this map already has this key; keep one of the two',
  KEY_OVER_1024_CHARS: 'write a shorter key',
  MISSING_CHAR: 'write the closing quote or bracket, the comma or the colon that is missing',
  MULTIPLE_ANCHORS: 'write only one anchor',
  MULTIPLE_DOCS: 'keep only one document',
  MULTIPLE_TAGS: 'write only one tag',
  MULTILINE_IMPLICIT_KEY: 'write the key on one line',
  NON_STRING_KEY: 'write a string as the key',
  RESOURCE_EXHAUSTION: 'nest less deeply',
  TAB_AS_INDENT: 'indent with spaces, without tabs',
  TAG_RESOLVE_FAILED: 'write a value without the tag ("!")',
  UNEXPECTED_TOKEN: 'write valid YAML here',
}
