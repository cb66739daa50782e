import { readStdin } from '#system/streams'
import { CniError, toCniError } from '../cni/error'
import { printLines } from '../cni/printable'
import { LARGEST_CONFIG_FILE, readSmallFile } from '../cni/small-file'
import { convert } from '../convert/convert'
import type { ConvertOptions } from './rows/convert'
import type { World } from './world'

/** `ip-masq convert [FILE]`: the plugin's part of a conflist, for a config of another system. */
export async function convertCommand({ file }: ConvertOptions, world: World): Promise<number> {
  const text = file === undefined || file === '-' ? readStdin() : readFile(file)
  const { plugin, notes } = await convert(text)
  await world.writeError(printLines(notes))
  await world.write(`${JSON.stringify(plugin, null, 2)}\n`)
  return 0
}

function readFile(file: string): string {
  try {
    return readSmallFile(file, LARGEST_CONFIG_FILE)
  } catch (error) {
    throw new CniError('ioFailure', `Cannot read ${file}`, toText(error))
  }
}

function toText(error: unknown): string {
  return error instanceof Error ? error.message : toCniError(error).message
}
