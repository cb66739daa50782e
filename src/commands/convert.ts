import { readInput } from '../cni/input'
import { printLines } from '../cni/printable'
import { LARGEST_CONFIG_FILE } from '../cni/small-file'
import { convert } from '../convert/convert'
import type { ConvertOptions } from './rows/convert'
import type { World } from './world'

/** `ip-masq convert [FILE]` prints the plugin's part of a conflist for a config of another system. */
export async function convertCommand({ file }: ConvertOptions, world: World): Promise<number> {
  const { plugin, notes } = await convert(readInput(file ?? '-', LARGEST_CONFIG_FILE))
  await world.writeError(printLines(notes))
  await world.write(`${JSON.stringify(plugin, null, 2)}\n`)
  return 0
}
