import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseArguments } from '../../src/commands/table/arguments'

const OPTIONS = {
  root: { type: 'string' },
  watch: { type: 'boolean' },
  force: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'cache-dir': { type: 'string', multiple: true },
} as const

type Name = keyof typeof OPTIONS

function attempt<T>(parse: () => T): T | string {
  try {
    return parse()
  } catch (error) {
    return inOurWords(error instanceof Error ? error.message : '')
  }
}

/** Node's refusals in our words, and ours without the advice that Node does not give, or gives in other lines. */
function inOurWords(message: string): string {
  const [line = ''] = message.split('\n')
  return line
    .replace(/^Unknown option '(.*?)'.*$/, 'there is no option $1')
    .replace(/^Option '-h, --help' does not take an argument$/, '-h (--help) takes no value')
    .replace(/^Option '(.*)' does not take an argument$/, '$1 takes no value')
    .replace(/^Option '(.*?)( <value>)?' argument (missing|is ambiguous\.)$/, '$1 needs a value')
    .replace(/^(--\S+ needs a value), and .*$/, '$1')
    .replace(/^Unexpected argument '(.*)'\. This command .*$/, 'it takes options only, and "$1" is none')
}

/** In Node's form. */
function parseOurs(args: readonly string[], takesPositionals: boolean) {
  const { given, positionals } = parseArguments(args, OPTIONS, takesPositionals)
  const values = [...given].map(([name, texts]) => {
    const option = OPTIONS[name as Name]
    return [name, option.type === 'boolean' ? true : 'multiple' in option ? texts : texts.at(-1)]
  })
  return { values: Object.fromEntries(values), positionals }
}

function parseByNode(args: readonly string[], allowPositionals: boolean) {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals })
  return { values: { ...values }, positionals }
}

const WORDS = ['--', '-', '=', 'root', 'watch', 'force', 'cache-dir', 'help', 'h', 'a', '1', '', ' ', 'no-']
const argument = fc.oneof(
  fc.constantFrom('-h', ...Object.keys(OPTIONS).map((name) => `--${name}`)),
  fc.array(fc.constantFrom(...WORDS, '__proto__'), { maxLength: 4 }).map((parts) => parts.join('')),
)

test.each([true, false])(
  'any arguments are read, or refused for the same reason, as Node does it (positionals: %s)',
  (takesPositionals) => {
    const seen = { read: 0, refused: 0 }
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 6 }), (args) => {
        const ours = attempt(() => parseOurs(args, takesPositionals))
        seen[typeof ours === 'string' ? 'refused' : 'read'] += 1
        expect(ours).toEqual(attempt(() => parseByNode(args, takesPositionals)))
      }),
      { numRuns: 20_000 },
    )
    expect(seen.read).toBeGreaterThan(1_000)
    expect(seen.refused).toBeGreaterThan(1_000)
  },
)
