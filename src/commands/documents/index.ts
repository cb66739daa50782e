import type { CommandRow } from '../table/command'
import { bashCompletion } from './bash'
import { fishCompletion } from './fish'
import { manPage } from './man-page'
import { zshCompletion } from './zsh'

/**
 * The documents for other programs that are made from the table, each with the path below /usr/local where its program
 * looks for it.
 */
export const DOCUMENTS = {
  man: { path: 'share/man/man8/ip-masq.8', render: manPage },
  bash: { path: 'share/bash-completion/completions/ip-masq', render: bashCompletion },
  zsh: { path: 'share/zsh/site-functions/_ip-masq', render: zshCompletion },
  fish: { path: 'share/fish/vendor_completions.d/ip-masq.fish', render: fishCompletion },
} as const satisfies Readonly<
  Record<string, { path: string; render: (rows: readonly CommandRow[]) => string }>
>
