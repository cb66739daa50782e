import { readStdin } from '#system/streams'
import { inPlainWords } from '../system/plain-words'
import { CniError } from './error'
import { readSmallFile } from './small-file'

/** The text of a file that an operator named; `-` is stdin. */
export function readInput(file: string, largest?: number): string {
  try {
    return file === '-' ? readStdin() : readSmallFile(file, largest)
  } catch (error) {
    throw new CniError('ioFailure', `Cannot read ${inputName(file)}: ${inPlainWords(error)}`)
  }
}

/** The file's name for a sentence. */
export function inputName(file: string): string {
  return file === '-' ? 'stdin' : file
}
