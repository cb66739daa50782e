import { type Block, blocksIn } from './markdown'

/**
 * What the documents tell a reader to type: the lines of blocks "```sh", those that begin with "$ ", and `run:` in a workflow.
 * One that sets a variable goes with the lines that follow it.
 */
export function instructionsIn(page: string): string[] {
  return blocksIn(page).flatMap(typedIn)
}

export function typedIn({ language, text }: Block): string[] {
  if (language === 'sh') return linesOf(text)
  const mark = language === 'yaml' ? '  run: ' : '$ '
  return text.split('\n').flatMap((line) => (line.startsWith(mark) ? [line.slice(mark.length)] : []))
}

function linesOf(block: string): string[] {
  const lines = block
    .replace(/ *\\\n */g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s+)# .*$/, ''))
    .filter((line) => line !== '')
  return lines.some((line) => /^\w+=/.test(line)) ? [lines.join('\n')] : lines
}

export interface Call {
  /** As it is written. */
  readonly text: string
  readonly command: string
  readonly args: readonly string[]
}

/** The calls of ip-masq in a command: it begins with one, or leads to one, as in `kubectl exec "$pod" -- ip-masq gc`. */
export function callsIn(text: string): Call[] {
  return [...text.matchAll(/(?:^|\n|\/|=\w+ | -- | \| |\$\()(ip-masq ([a-z]+)\b([^\n|;>)]*))/g)].map(
    ([, call = '', command = '', args = '']) => ({
      text: call,
      command,
      args: args.split(' ').filter((word) => word !== ''),
    }),
  )
}
