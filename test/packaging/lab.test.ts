import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import { afterAll, expect, test, vi } from 'vitest'
import { ROOT } from '../../scripts/packaging/root'
import { waitingTime } from '../lab/patience'

/** scripts/lab.sh: what a script leaves on the machine. */

const directory = await mkdtemp(join(tmpdir(), 'ip-masq-lab-'))
afterAll(() => rm(directory, { recursive: true }))

/** One process in the session, one that left it for a network namespace, and one that left it with a file of the run; none minds SIGTERM. */
const LITTER = `
  stays='trap "" INT TERM HUP; while :; do sleep 1; done'
  mkdir "$TMPDIR/mount"; mount -t tmpfs none "$TMPDIR/mount"
  ip netns add "$IP_MASQ_LAB-left"
  bash -c "$stays" ${directory} &
  setsid ip netns exec "$IP_MASQ_LAB-left" bash -c "$stays" ${directory} &
  setsid bash -c "$stays" ${directory} "$TMPDIR/mount/socket" &
  echo "left: $TMPDIR $IP_MASQ_LAB-left"`

/** Starts a script over lab.sh, up to where it has made all of that. */
async function start(end: string) {
  const script = join(directory, 'script')
  await writeFile(script, `#!/bin/bash\nsource ${ROOT}/scripts/lab.sh\n${LITTER}\n${end}\n`, { mode: 0o755 })
  // As somebody starts it by hand: this test may run inside of such a script.
  const { IP_MASQ_IN_LAB: _, ...env } = process.env
  const child = spawn(script, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
  let [files, namespace] = ['', '']
  for await (const line of createInterface(child.stdout)) {
    ;[files = '', namespace = ''] = /^left: (.+) (.+)$/.exec(line)?.slice(1) ?? []
    if (files !== '') break
  }
  const left = async () => {
    const { stdout: processes } = await execa('pgrep', ['-cf', `bash -c .* ${directory}`], { reject: false })
    const { stdout: namespaces } = await execa('ip', ['netns', 'list'])
    return {
      processes: Number(processes),
      files: existsSync(files),
      namespace: namespaces.split('\n').some((line) => line.startsWith(namespace)),
    }
  }
  return { child, exit, left }
}

const NOTHING = { processes: 0, files: false, namespace: false }

test('SIGTERM to the script alone leaves nothing', async () => {
  const { child, exit, left } = await start('sleep infinity')
  // The last ones may still be on their way into their session or network namespace.
  const all = { processes: 3, files: true, namespace: true }
  await vi.waitFor(async () => expect(await left()).toEqual(all), { timeout: waitingTime(10_000) })
  child.kill('SIGTERM')
  expect(await exit).toBe(130)
  expect(await left()).toEqual(NOTHING)
})

test('its own end leaves nothing, and has the script’s status', async () => {
  const { exit, left } = await start('exit 7')
  expect(await exit).toBe(7)
  expect(await left()).toEqual(NOTHING)
})
