import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { ARCHITECTURES, type Architecture, thisArchitecture } from './architecture'
import { PROGRAM } from './bytecode'

const PAGE = 4096

/** More than any snapshot has. */
const ROOM = 1 << 20

/**
 * Links an executable with its snapshot; see native/snapshot.h. `link` makes it of snapshot.c in `work` and others. One without a
 * snapshot makes it: the first one's says how long it is; the second one has everything where it will be in the end, so that its
 * snapshot is the third one's.
 */
export async function linkWithSnapshot(
  architecture: Architecture,
  work: string,
  link: () => Promise<string>,
): Promise<void> {
  let length = ROOM
  const linkWith = async (snapshot: Uint8Array) => {
    await writeFile(join(work, 'snapshot'), snapshot)
    return link()
  }
  const nextSnapshot = async () => {
    const written = await takeSnapshot(architecture, work, await linkWith(new Uint8Array(length)))
    length = Math.ceil(written.length / PAGE) * PAGE
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
