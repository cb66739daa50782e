import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXECUTABLES } from '../lab/plugin'

/** Completions, in the shells themselves: what they make of a line when somebody completes it. The man page, as its readers see it. */

const TYPE = fileURLToPath(new URL('../lab/type-in-shell.pl', import.meta.url))

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-completion-'))
  await mkdir(join(directory, 'place/net.d'), { recursive: true })
  await mkdir(join(directory, 'place/new net.d'))
  await writeFile(join(directory, 'place/net.json'), '')
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await execa(EXECUTABLES.native, ['completion', shell])
    await writeFile(join(directory, `script.${shell}`), `${stdout}\n`)
  }
  await writeFile(join(directory, 'bashrc'), BASHRC)
  await writeFile(join(directory, '.zshrc'), ZSHRC)
})
afterAll(() => rm(directory, { recursive: true }))

/** ^T puts all completions into the line; ip-masq writes down its arguments, a line each. */
const BASHRC = `
  PS1='READY> '
  source script.bash
  ip-masq() { printf '%s\\n' "$@" > ../arguments; }
  bind '"\\C-t": insert-completions'
  cd place
`
const ZSHRC = `
  PS1='READY> '
  autoload -U compinit; compinit -u -D
  source script.zsh
  ip-masq() { printf '%s\\n' "$@" > ../arguments; }
  unsetopt auto_menu
  zle -C all-matches complete-word _generic
  bindkey '^T' all-matches
  zstyle ':completion:all-matches:*' old-matches only
  zstyle ':completion:all-matches::::' completer _all_matches
  cd place
`

const COMMANDS = {
  bash: ['bash', '--noprofile', '--rcfile', 'bashrc', '-i'],
  zsh: ['zsh', '-d', '-i'],
} as const

/** The arguments that ip-masq gets of a line that is typed so. */
async function typed(shell: keyof typeof COMMANDS, line: string): Promise<readonly string[]> {
  const { stdout } = await execa('perl', [TYPE, `${line}\\n`, ...COMMANDS[shell]], {
    cwd: directory,
    extendEnv: false,
    env: { PATH: process.env.PATH ?? '', TERM: 'dumb', HOME: directory, ZDOTDIR: directory },
  })
  if (stdout.includes('not found')) throw new Error(stdout)
  const file = join(directory, 'arguments')
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Error(`nothing was run: ${stdout}`)
  })
  await rm(file)
  return text.trimEnd().split('\n')
}

/** What fish offers that begins with the last word, without its explanations, and sorted. Fish 4 offers what has its letters too. */
async function offered(line: string): Promise<readonly string[]> {
  const word = line.slice(line.lastIndexOf(' ') + 1)
  const { stdout } = await execa(
    'fish',
    ['--no-config', '-c', 'source ../script.fish; complete -C $argv[1]', line],
    {
      cwd: join(directory, 'place'),
      extendEnv: false,
      env: { PATH: process.env.PATH ?? '', HOME: directory },
    },
  )
  return stdout
    .split('\n')
    .map((one) => one.split('\t')[0] ?? '')
    .filter((one) => one !== '' && one.startsWith(word))
    .sort()
}

/** What may follow on the last word of a line, as it is written there. */
const CASES: readonly [line: string, completions: readonly string[]][] = [
  ['ip-masq un', ['uninstall']],
  ['ip-masq co', ['completion', 'convert']],
  ['ip-masq --', ['--help', '--version']],
  ['ip-masq sync --c', ['--cache-dir', '--conf-dir']],
  ['ip-masq sync --conf-dir a --w', ['--watch']],
  ['ip-masq gc --a', ['--address']],
  ['ip-masq install --mode ', ['auto', 'drop-in', 'patch']],
  ['ip-masq install --set-cni-version 0', ['0.3.0', '0.3.1', '0.4.0']],
  ['ip-masq sync --conf-dir ne', ['net.d', 'new net.d']],
  ['ip-masq install --config ne', ['net.d', 'net.json', 'new net.d']],
  ['ip-masq convert ne', ['net.d', 'net.json', 'new net.d']],
  ['ip-masq completion ', ['bash', 'fish', 'zsh']],
  ['ip-masq help un', ['uninstall']],
  // Nothing that we know of.
  ['ip-masq sync --grace ne', []],
  ['ip-masq sync --metrics-address ne', []],
  ['ip-masq gc ne', []],
]

/** The arguments with the last one exchanged, or as they are where there is nothing to choose from. */
function completed(line: string, completions: readonly string[]): readonly string[] {
  const [, ...words] = line.split(' ')
  return completions.length === 0 ? words : [...words.slice(0, -1), ...completions]
}

test.each(CASES)('bash: %s', async (line, completions) => {
  expect(await typed('bash', `${line}\\cT`)).toEqual(completed(line, completions))
})

test.each(CASES)('zsh: %s', async (line, completions) => {
  // The first makes a word as long as it is sure, and the second a list.
  const keys = completions.length > 1 ? '\\t\\t\\cT' : '\\t'
  expect(await typed('zsh', `${line}${keys}`)).toEqual(completed(line, completions))
})

test.each(CASES)('fish: %s', async (line, completions) => {
  expect((await offered(line)).map((one) => one.replace(/\/$/, ''))).toEqual(completions)
})

test('a value after "="', async () => {
  expect(await typed('bash', 'ip-masq install --mode=d\\t')).toEqual(['install', '--mode=drop-in'])
  expect(await typed('bash', 'ip-masq install --mode=\\cT')).toEqual([
    'install',
    '--mode=auto',
    'drop-in',
    'patch',
  ])
  expect(await typed('zsh', 'ip-masq install --mode=d\\t')).toEqual(['install', '--mode=drop-in'])
  expect(await offered('ip-masq install --mode=d')).toEqual(['--mode=drop-in'])
})

test('fish explains commands and options', async () => {
  const { stdout } = await execa(
    'fish',
    ['--no-config', '-c', 'source script.fish; complete -C "ip-masq gc --j"'],
    {
      cwd: directory,
    },
  )
  expect(stdout).toBe('--json\tprint a JSON object instead of lines')
})

test('zsh shows what each word is for, and loads the script by its name', async () => {
  const functions = join(directory, 'functions')
  await mkdir(functions)
  await copyFile(join(directory, 'script.zsh'), join(functions, '_ip-masq'))
  const rc = "PS1='READY> '; fpath=(functions $fpath); autoload -U compinit; compinit -u -D; ip-masq() :"
  await writeFile(join(functions, '.zshrc'), rc)
  const { stdout } = await execa('perl', [TYPE, 'ip-masq gc --j\\t\\n', ...COMMANDS.zsh], {
    cwd: directory,
    extendEnv: false,
    env: { PATH: process.env.PATH ?? '', TERM: 'dumb', HOME: directory, ZDOTDIR: functions },
  })
  expect(stdout).toContain('ip-masq gc --json ')
})

describe('the man page', () => {
  test('has no fault that its readers know of', async () => {
    const { stdout: page } = await execa(EXECUTABLES.native, ['help', '--man'])
    const file = join(directory, 'ip-masq.8')
    await writeFile(file, `${page}\n`)
    const mandoc = await execa('mandoc', ['-T', 'lint', file], { reject: false })
    // The version says more than a date, and one of the build's would make each build another.
    expect(mandoc.stdout.split('\n')).toEqual([expect.stringContaining('missing date')])
    const groff = await execa('groff', ['-man', '-ww', '-z', '-Tutf8', file])
    expect(groff.stderr).toBe('')
  })

  test('reads as it should', async () => {
    const page = join(directory, 'ip-masq.8')
    const { stdout } = await execa('bash', ['-c', 'mandoc -T utf8 -O width=78 "$0" | col -b -x', page])
    expect(stdout).toContain(`
   convert
       ip-masq convert [FILE]

       Turn a config of ip-masq-agent or of a Windows node into one of
       ip-masq.

       Reads a config file or a manifest of ip-masq-agent, or the CNI config
       of a Windows node. Prints ip-masq's part of a conflist, as JSON, and
       names on stderr what has no counterpart.

       FILE   the config to convert (default: stdin, as with "-")

       -h, --help
              print its help

       Exit status:

       0      The config is on stdout.

       1      The input could not be read or converted.

       2      The command line cannot be used.

       Example:

       The plugin's config for a cluster that runs ip-masq-agent.

           kubectl -n kube-system get configmap ip-masq-agent -o yaml | ip-masq convert

`)
  })
})
