import type { Writer } from './writer'

/** What the message of an operation says, but for its place in the batch. */
export interface MessageBody {
  readonly type: number
  readonly flags: number
  readonly write: (writer: Writer) => void
}

export function message(type: number, flags: number, write: (writer: Writer) => void): MessageBody {
  return { type, flags, write }
}
