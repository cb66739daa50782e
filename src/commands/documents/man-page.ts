import { DEFAULT_CACHE_DIR, DEFAULT_CONF_DIR } from '../../cni/paths'
import { PROFILES } from '../../install/profiles'
import { VERSION } from '../../system/version'
import type { CommandRow, OptionRow, Positional } from '../table/command'
import { describe, notesOf, wrapWords } from '../table/help-text'
import { sign } from './signature'

/** The width of the source's lines. A reader of man pages wraps the text itself. */
const WIDTH = 78

/**
 * Renders ip-masq(8) in the man macros (groff_man(7)), which every reader of man pages knows. It has no date, because
 * the version says more.
 */
export function manPage(rows: readonly CommandRow[]): string {
  return sign('.\\"', [
    '.\\" The manual of ip-masq, made from its table of commands.',
    `.TH IP\\-MASQ 8 "" "ip\\-masq ${VERSION}" "System Administration"`,
    ...section('NAME', ['ip\\-masq \\- masquerade the traffic of pods as a chained CNI plugin']),
    ...section('SYNOPSIS', rows.flatMap(synopsis)),
    ...section('DESCRIPTION', DESCRIPTION),
    ...section('COMMANDS', rows.flatMap(command)),
    ...section('EXIT STATUS', ['The exit status of each command is described with it.']),
    ...section('ENVIRONMENT', [...rows.flatMap(variables).filter(isFirst), ...NO_COLOR]),
    ...section('FILES', FILES),
    ...section('SEE ALSO', ['.BR nft (8),', '.BR iptables (8)', '.PP', 'https://www.cni.dev/docs/spec/']),
  ])
}

const DESCRIPTION = [
  text(
    'ip-masq gives each pod a rule of its own: what the pod sends leaves the node with the address of the node (masquerade), except towards the networks in nonMasqueradeCIDRs, which see the address of the pod.',
  ),
  '.PP',
  text(
    'The container runtime starts it. It is listed in a conflist after the plugin that gives the pod its address:',
  ),
  ...literal(['{ "type": "ip-masq", "nonMasqueradeCIDRs": ["10.0.0.0/8"] }']),
  '.PP',
  text(
    'This page is about the commands that an operator types. All keys of the config are listed by ip-masq --help.',
  ),
]

const NO_COLOR = tagged(
  '\\fBNO_COLOR\\fR',
  'If it is set and not empty, headings on a terminal are not bold.',
)

const FILES = [
  ...tagged(bold(DEFAULT_CONF_DIR), 'Conflists. Some distributions have them elsewhere; see --profile.'),
  ...tagged(bold(DEFAULT_CACHE_DIR), 'Result caches of container runtimes.'),
  ...tagged(bold(`${PROFILES.default.binDir}/ip-masq`), 'The executable, where runtimes start it.'),
]

function section(name: string, lines: readonly string[]): readonly string[] {
  return [`.SH ${name}`, ...lines]
}

function synopsis(row: CommandRow, at: number): readonly string[] {
  return [...(at === 0 ? [] : ['.br']), usage(row)]
}

function usage({ name, options, positionals }: CommandRow): string {
  return [
    bold(`ip-masq ${name}`),
    ...(Object.keys(options).length > 0 ? ['[\\fIOPTION\\fR]...'] : []),
    ...Object.values(positionals).map(({ value, optional, many }) => {
      const name = italic(value)
      return `${optional ? `[${name}]` : name}${many ? '...' : ''}`
    }),
  ].join(' ')
}

function command(row: CommandRow): readonly string[] {
  return [
    `.SS ${row.name}`,
    usage(row),
    ...[`${row.summary.charAt(0).toUpperCase()}${row.summary.slice(1)}.`, ...row.about].flatMap((one) => [
      '.PP',
      text(one),
    ]),
    ...Object.values(row.positionals).flatMap((one: Positional) => tagged(italic(one.value), describe(one))),
    ...Object.values(row.options).flatMap((option) => tagged(optionName(option), describe(option))),
    ...tagged('\\fB\\-h\\fR, \\fB\\-\\-help\\fR', 'print its help'),
    ...notesOf(row).flatMap((note) => ['.PP', text(note)]),
    '.PP',
    'Exit status:',
    ...row.statuses.flatMap(([status, meaning]) => tagged(bold(String(status)), meaning)),
    '.PP',
    row.examples.length > 1 ? 'Examples:' : 'Example:',
    ...row.examples.flatMap(({ command: typed, about }) => ['.PP', text(about), ...literal([typed])]),
  ]
}

function optionName(option: OptionRow): string {
  return option.kind === undefined ? bold(option.flag) : `${bold(option.flag)} ${italic(option.value)}`
}

function variables({ options }: CommandRow): readonly string[] {
  return Object.values(options).flatMap(({ flag, kind, ...option }) => {
    const { environment = undefined } = 'environment' in option ? option : {}
    const said = `What counts where ${flag} is not given. Calls of a container runtime do not read it.`
    return environment === undefined ? [] : [tagged(bold(environment), said).join('\n')]
  })
}

function isFirst(one: string, at: number, all: readonly string[]): boolean {
  return all.indexOf(one) === at
}

/** A name and its explanation. */
function tagged(name: string, said: string): readonly string[] {
  return ['.TP', name, text(said)]
}

function literal(lines: readonly string[]): readonly string[] {
  return ['.PP', '.RS 4', '.nf', ...lines.map(escapeText), '.fi', '.RE']
}

function bold(name: string): string {
  return `\\fB${escapeText(name)}\\fR`
}

function italic(name: string): string {
  return `\\fI${escapeText(name)}\\fR`
}

/** Text that an operator types, in which a hyphen is a hyphen. */
function escapeText(plain: string): string {
  return plain.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll("'", '\\(aq')
}

/** Lines of text. A line that begins with a dot must not become a request. */
function text(plain: string): string {
  const lines = wrapWords(escapeText(plain), WIDTH)
  return lines.map((line) => (line.startsWith('.') ? `\\&${line}` : line)).join('\n')
}
