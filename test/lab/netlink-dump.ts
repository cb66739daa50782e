/** What `nft --debug=mnl` prints of the messages that it sends: libmnl's dump, a word to a line. */
export interface DumpedMessage {
  /** Without the subsystem: `NFT_MSG_...`. */
  readonly type: number
  /** All that follows the netlink header, as hex digits. */
  readonly payload: string
}

export function parseDump(text: string): DumpedMessage[] {
  const messages: { type: number; payload: string }[] = []
  for (const line of withoutColours(text).split('\n')) {
    if (line.includes('message length')) messages.push({ type: 0, payload: '' })
    const message = messages.at(-1)
    if (!message) continue
    const [, type] = /^\| (\d{5}) \| .{4} \|/.exec(line) ?? []
    if (type !== undefined) message.type = Number(type)
    const [, word] = /^\| ((?:[0-9a-f]{2} ){4}) \|/.exec(line) ?? []
    if (word !== undefined) message.payload += word.replaceAll(' ', '')
    const [, length, flags, attribute] = /^\|(\d{5})\|(.{2})\|(\d{5})\|/.exec(line) ?? []
    if (length === undefined) continue
    const nested = flags?.includes('N') ? 0x8000 : 0
    message.payload += hex16(Number(length)) + hex16(Number(attribute) | nested)
  }
  // Subsystem 10 is nf_tables; the queries with which nft fills its cache have no attributes of a change.
  return messages.flatMap(({ type, payload }) => (type >> 8 === 10 ? [{ type: type & 0xff, payload }] : []))
}

/** Little-endian. */
function hex16(value: number): string {
  return [value & 0xff, value >> 8].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function withoutColours(text: string): string {
  return text
    .split('\u001b[')
    .map((part, i) => (i === 0 ? part : part.replace(/^[0-9;]*m/, '')))
    .join('')
}
