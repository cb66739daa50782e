import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scripts, version } from '../../package.json'
import { ROOT } from '../../scripts/packaging/root'
import { isCommandName, ROWS } from '../../src/commands/rows'
import type { CommandRow } from '../../src/commands/table/command'
import { parseCommand } from '../../src/commands/table/parse'
import { scenesIn } from '../lab/documented'
import { type Call, callsIn, instructionsIn, typedIn } from '../lab/instructions'
import { blocksIn, spansIn } from '../lab/markdown'
import { PAGES, readPage } from '../lab/pages'
import { ELSEWHERE, IN_A_CLUSTER, NOT_RUN, STORIES } from '../lab/stories'

/** What the documents tell a reader to type: each command is tried somewhere, and what it names exists. */

const LISTED: readonly string[] = [
  ...Object.values(STORIES).flatMap(({ steps }) => steps.map(({ type }) => type)),
  ...Object.keys(ELSEWHERE),
  ...IN_A_CLUSTER,
  ...Object.keys(NOT_RUN),
]
/** Those in blocks with a scene, whose output is compared. */
const PLAYED = PAGES.flatMap((page) =>
  blocksIn(readPage(page)).flatMap((block) => (block.language === 'console' ? typedIn(block) : [])),
)

describe.each(PAGES)('%s', (page) => {
  const text = readPage(page)

  test('each command is run, or is in the list of those that are not: test/lab/stories.ts', () => {
    const known = new Set([...LISTED, ...PLAYED])
    expect(instructionsIn(text).filter((command) => !known.has(command))).toEqual([])
  })

  test('each block says what it is, and a console has a scene', () => {
    const blocks = blocksIn(text)
    const known = ['', 'sh', 'console', 'json', 'yaml', 'mermaid']
    expect(blocks.filter(({ language }) => !known.includes(language))).toEqual([])
    expect(blocks.filter(({ language }) => language === 'console')).toHaveLength(scenesIn(text).length)
    const output = blocks.filter(({ language }) => language === '').flatMap((block) => block.text.split('\n'))
    expect(output.filter((line) => COMMAND_LINE.test(line))).toEqual([])
  })

  test('each call of ip-masq is one that it takes', () => {
    const calls = [...instructionsIn(text), ...spansIn(text)].flatMap(callsIn)
    expect(calls.filter((call) => !isTaken(call)).map(({ text: written }) => written)).toEqual([])
  })

  test('each option is one of ip-masq, or of another program that is named here', () => {
    const options = spansIn(text).flatMap((span) => /^--[a-z0-9-]+/.exec(span) ?? [])
    expect(options.filter((option) => !OPTIONS.has(option) && !(option in OPTIONS_OF_OTHERS))).toEqual([])
  })

  test('each path in this repository exists', () => {
    const words = [...instructionsIn(text).flatMap((line) => line.split(/[\s"']+/)), ...spansIn(text)]
    const paths = words.flatMap((word) => IN_REPOSITORY.exec(word)?.[0] ?? COMPONENT.exec(word)?.[0] ?? [])
    const missing = paths.filter(
      (path) => !existsSync(join(ROOT, path)) && !existsSync(join(ROOT, 'conf/kubernetes', path)),
    )
    expect(missing).toEqual([])
  })

  test('each npm script exists', () => {
    const words = [...instructionsIn(text), ...spansIn(text)].join('\n')
    const names = [...words.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name)
    expect(names.filter((name) => !(name in scripts))).toEqual([])
  })
})

describe('the lists in test/lab/stories.ts', () => {
  test('have what is in a page', () => {
    const written = new Set(
      PAGES.map(readPage).flatMap((text) => [...instructionsIn(text), ...spansIn(text)]),
    )
    expect(LISTED.filter((command) => !written.has(command))).toEqual([])
  })

  test('name tests that exist', () => {
    for (const path of Object.values(ELSEWHERE)) expect(existsSync(join(ROOT, path))).toBe(true)
    for (const reason of Object.values(NOT_RUN))
      for (const [path] of reason.matchAll(/\btest\/[\w./-]+\.ts\b/g))
        expect(existsSync(join(ROOT, path))).toBe(true)
  })

  test('name files of this version', () => {
    const versions = LISTED.flatMap((command) => [...command.matchAll(/ip-masq[:-](\d+\.\d+\.\d+)/g)])
    expect(versions.length).toBeGreaterThan(0)
    for (const [, named] of versions) expect(named).toBe(version)
  })
})

describe('what comments of conf and charts, forms and messages name', () => {
  const textsOf = (folder: string, kind: RegExp) =>
    (readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }) as string[])
      .filter((file) => kind.test(file))
      .map((file) => readFileSync(join(ROOT, folder, file), 'utf8'))
  const configs = ['conf', 'charts', '.github'].flatMap((folder) =>
    textsOf(folder, /\.(ya?ml|service|timer|conf)$/),
  )
  const sources = textsOf('src', /\.ts$/)

  test('an option of ip-masq exists', () => {
    const calls = configs
      .flatMap((text) => [...text.matchAll(/\bip-masq ([a-z]+)((?: --[a-z]+(?:-[a-z]+)*)+)/g)])
      .map(([text, command = '', flags = '']) => ({ text, command, args: flags.split(' ').slice(1) }))
    expect(calls.length).toBeGreaterThan(5)
    expect(calls.filter(({ command, args }) => !takes(command, args))).toEqual([])
  })

  test('a file of the documents or of conf exists', () => {
    const paths = [...configs, ...sources].flatMap((text) => [
      ...text.matchAll(/(?<![\w./-])(?:docs|conf)\/[\w./-]*\w/g),
    ])
    expect(paths.length).toBeGreaterThan(20)
    expect(paths.map(String).filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })
})

/** What looks like a command, in a block that nobody would look into for commands. */
const COMMAND_LINE = /^(?:ip-masq \w+(?: |$)|(?:kubectl|helm|nft|iptables|ip|npm|scripts\/\w+) )/

const OPTIONS = new Set(
  Object.values(ROWS as Readonly<Record<string, CommandRow>>)
    .flatMap(({ options }) => Object.values(options).map(({ flag }): string => flag))
    .concat('--help', '--version'),
)

/** By whose they are. */
const OPTIONS_OF_OTHERS: Readonly<Record<string, string>> = {
  '--disable-snat-multiple-gws': 'OVN-Kubernetes',
  '--enable-ipv6': 'ip-masq-agent',
  '--nomasq-all-reserved-ranges': 'ip-masq-agent',
  '--random-fully': 'ip-masq-agent',
  '--to-ports': 'ip-masq-agent',
  '--enable-pod-egress': 'kube-router',
  '--failures': 'npm run fuzz',
  '--minutes': 'npm run fuzz',
  '--shrink-seconds': 'npm run fuzz',
  '--svg': 'npm run bench',
  '--data-dir': 'k3s',
  '--flannel-cni-conf': 'k3s',
  '--ip-masq': 'flanneld',
  '--masquerading': 'kindnetd',
}

/** What a build makes is not there in a fresh clone; NAME stands for a name. */
const IN_REPOSITORY = /^(?:bench|charts|conf|docs|native|scripts|src|test)\/(?!.*NAME)[\w./-]*/
const COMPONENT = /^components\/[\w.-]+$/

/** The command and its options exist; where no word stands for another, the whole of it can be run. */
function isTaken({ text, command, args }: Call): boolean {
  if (!takes(command, args) || !isCommandName(command)) return false
  if (args.length === 0 || /[A-Z]{3}|\.\.\./.test(text)) return true
  try {
    parseCommand(ROWS[command], args, {})
    return true
  } catch {
    return false
  }
}

function takes(command: string, args: readonly string[]): boolean {
  if (!isCommandName(command)) return false
  const { options }: CommandRow = ROWS[command]
  const flags = ['--help', ...Object.values(options).map(({ flag }): string => flag)]
  return args.every((arg) => !arg.startsWith('--') || flags.includes(arg.split('=')[0] ?? ''))
}
