import { formatAddress } from '../policy/address-text'
import type { Listed, ListedNote } from './backend'

/** Names the holder of an address, in a line for people. */
export function holderName(note: Pick<ListedNote, 'containerID' | 'ifname'> | undefined): string {
  return note ? `${note.containerID} ${note.ifname}` : 'an attachment without a name'
}

/** Names an attachment that has rules; by its addresses, where the rules do not say whose they are. */
export function listedHolder({ note, addresses }: Listed): string {
  return note ? holderName(note) : addresses.map(formatAddress).join(', ')
}
