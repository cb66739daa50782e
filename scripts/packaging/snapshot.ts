import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { ARCHITECTURES, type Architecture, thisArchitecture } from './architecture'
import { PROGRAM } from './bytecode'

const PAGE = 4096

/** More than any snapshot needs. */
const MOST = 1 << 20

/** What follows the snapshot, for a call to use before it asks the kernel for memory: as much as VERSION needs. */
const ROOM_AFTER = 8 * PAGE

/**
 * Links an executable with its snapshot, in three steps; see native/snapshot.h. `link` makes an executable of the file `snapshot` in
 * `work`, and of others. The first executable has only room, and tells how long a snapshot is. The second has room of that length, so
 * that all its addresses are final, and makes the snapshot. The third has the snapshot.
 */
export async function linkWithSnapshot(
  architecture: Architecture,
  work: string,
  link: () => Promise<string>,
): Promise<void> {
  let length = MOST
  const linkWith = async (snapshot: Uint8Array) => {
    await writeFile(join(work, 'snapshot'), snapshot)
    return link()
  }
  const nextSnapshot = async () => {
    const written = await takeSnapshot(architecture, work, await linkWith(new Uint8Array(length)))
    length = Math.ceil(written.length / PAGE) * PAGE + ROOM_AFTER
    const snapshot = new Uint8Array(length)
    snapshot.set(written)
    return snapshot
  }
  await nextSnapshot()
  await linkWith(await nextSnapshot())
}

/** C whose only data is the file `snapshot`. */
export const SNAPSHOT_SOURCE = `__asm__(".data\\n.balign ${PAGE}\\n.globl snapshot, snapshot_end\\n"
        "snapshot:\\n.incbin \\"snapshot\\"\\nsnapshot_end:\\n.previous");
`

async function takeSnapshot(
  architecture: Architecture,
  work: string,
  executable: string,
): Promise<Uint8Array> {
  const emulator = architecture === thisArchitecture() ? [] : [ARCHITECTURES[architecture].emulator]
  const [file = '', ...words] = [...emulator, executable]
  const { stdout } = await execa(file, words, { inputFile: join(work, PROGRAM), encoding: 'buffer' })
  return stdout
}
