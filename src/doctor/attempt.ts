import { CniError, toCniError } from '../cni/error'
import { fileRefusal, inPlainWords, isDenied } from '../system/plain-words'
import { type CheckName, type Finding, unseen } from './finding'

/** Something that was read, or the finding that it could not be read. */
export type Read<T> = { readonly value: T } | { readonly unseen: Finding }

/** Reads something for a check. If it cannot be read, that is a finding, and the other checks go on. */
export async function attempt<T>(check: CheckName, read: () => T | Promise<T>): Promise<Read<T>> {
  try {
    return { value: await read() }
  } catch (error) {
    return { unseen: unseen(check, reasonOf(error)) }
  }
}

/** The findings of a check, or the finding that it could not be made. */
export async function guarded(
  check: CheckName,
  work: () => readonly Finding[] | Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const read = await attempt(check, work)
  return 'value' in read ? read.value : [read.unseen]
}

/** Runs `use` if it was read. If not, that is one finding already, and not another one for each check that needs it. */
export function ifRead<T>(read: Read<T>, use: (value: T) => readonly Finding[]): readonly Finding[] {
  return 'value' in read ? use(read.value) : []
}

export function whatWasRead<T>(read: Read<T>): T | undefined {
  return 'value' in read ? read.value : undefined
}

function reasonOf(error: unknown): { readonly what: string; readonly mend: string } {
  const { message, details } = toCniError(error)
  const what =
    error instanceof CniError
      ? [message, ...(details ? [details] : [])].join(': ')
      : (fileRefusal(error) ?? `Cannot make this check: ${inPlainWords(error)}`)
  return {
    what,
    mend: isDenied(error) ? 'run ip-masq doctor as root' : 'put that right, and run ip-masq doctor again',
  }
}
