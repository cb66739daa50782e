import { DOCUMENTS } from './documents'
import { ROWS } from './rows'
import type { CompletionOptions } from './rows/completion'
import type { World } from './world'

/** `ip-masq completion SHELL`. */
export async function completionCommand({ shell }: CompletionOptions, world: World): Promise<number> {
  await world.write(DOCUMENTS[shell].render(Object.values(ROWS)))
  return 0
}
