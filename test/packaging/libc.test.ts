import { createHash } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, expect, test } from 'vitest'
import { thisArchitecture } from '../../scripts/packaging/architecture'
import { compileNative } from '../../scripts/packaging/native'
import { type NativeBuild, nativeTools } from '../../scripts/packaging/native-tools'
import { ROOT } from '../../scripts/packaging/root'

/** native/libc.c refuses what JavaScript must not pass to C, in what nodes run and under the sanitizers. */

const directory = await mkdtemp(join(tmpdir(), 'ip-masq-libc-'))
afterAll(() => rm(directory, { recursive: true }))

interface Outcome {
  readonly returned: number
  readonly errors: Readonly<Record<string, number>>
}

const EINVAL = -22

/** As in libc-program.ts, by OpenSSL. */
function digests(name: string): string {
  const all = createHash(name)
  for (let length = 0; length < 300; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 31 + length)
    all.update(createHash(name).update(bytes).digest('hex'))
  }
  return all.digest('hex')
}

const builds: readonly NativeBuild[] = ['static', 'sanitized']

test.each(builds)('%s: single mistakes', async (kind) => {
  const program = join(directory, kind)
  await compileNative(thisArchitecture(), program, kind, 'test/lab/libc-program.ts')
  const { stdout, stderr } = await execa(program)
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({
    'a NUL in a path': EINVAL,
    'a NUL in a word': EINVAL,
    'no words': EINVAL,
    'a program that is not there': -2,
    'too few descriptors': 'RangeError: libc: the array needs 12 bytes',
    'a path that is no text': 'TypeError: libc: a text is needed',
    'an object for a number': 'TypeError: libc: a number is needed',
    'a fraction for a descriptor': 'RangeError: libc: an integer of 32 bits is needed',
    'a list for bytes': expect.stringMatching(/^TypeError/),
    'a status with too little room': 'RangeError: libc: the array needs 72 bytes',
    'ends of a pipe with too little room': 'RangeError: libc: the array needs 8 bytes',
    'a digest of no state': expect.stringMatching(/^RangeError/),
    'a digest of another width': 'RangeError: libc: a digest has 256 or 512 bits',
    'digests of 256 bits, of each length': digests('sha256'),
    'digests of 512 bits, of each length': digests('sha512'),
    'a search from behind the end': -1,
    'a descriptor that is not open': -9,
    'bytes that are no UTF-8': 'a\ufffd\ufffdb\ufffd\ufffd\ufffd',
    'half a pair': '61efbfbd62',
    'all of latin1': 'Aéÿ',
    'a BigInt with its upper bit set': 'fe800000000000000000000000000000',
  })
})

test('static: a module gets nothing of the machine while the program is loaded', async () => {
  const build = compileNative(
    thisArchitecture(),
    join(directory, 'early'),
    'static',
    'test/lab/libc-early.ts',
  )
  const pure = 'decode,digestAdd,digestBegin,digestEnd,encode,find,hex,latin1,onIdle,onStart'
  await expect(build).rejects.toThrow(new RegExp(`\\d{2} rows, but for ${pure}$`))
})

test('static: copies have each byte, at all distances', async () => {
  const tools = await nativeTools(thisArchitecture(), 'static')
  const copy = join(directory, 'copy.o')
  const check = join(directory, 'check.o')
  const program = join(directory, 'check')
  await tools.compile(join(ROOT, 'native/copy.c'), copy, directory)
  await tools.compile(join(ROOT, 'test/lab/copy-check.c'), check, directory)
  await tools.link([copy, check], program, directory)
  const { stdout } = await execa(program)
  expect(stdout).toBe(`${101 * 8 * 200} cases`)
})

/** All that a hostile argument may lead to, besides an errno. */
const REFUSAL =
  /^(?:TypeError: (?:libc: |not a TypedArray$|ArrayBuffer is detached$|cannot read property 'length' of )|RangeError: (?:libc: |of the argument$)|InternalError: out of memory$)/

/** What a call that escapes would reach first. */
const statesOfHost = () =>
  Promise.all(
    ['/', '/dev', '/dev/null', '/proc', '/usr', '/tmp'].map(async (path) => {
      const { mode, uid, gid } = await stat(path)
      return { path, mode, uid, gid }
    }),
  )

test.each(builds)('%s: thousands of hostile arguments for each row', async (kind) => {
  const program = join(directory, `attack-${kind}`)
  await compileNative(thisArchitecture(), program, kind, 'test/lab/libc-attack.ts')
  // Some calls go through, as root: nothing of this machine is in reach, no directory, file, socket, semaphore or process. Its own
  // root has read-only copies of what the sanitized build and the shell's tools need.
  const script = `
    mount -t tmpfs none "$1"
    mkdir "$1"/{proc,usr,place}
    for directory in lib lib64; do ln -s usr/$directory "$1"/$directory; done
    mount --bind /usr "$1"/usr; mount -o remount,bind,ro "$1"/usr
    mount -t proc -o ro none "$1"/proc
    cp "$0" "$1"/program; : > "$1"/input
    exec env -i /usr/sbin/chroot "$1" /usr/bin/env -C /place /usr/bin/setsid -w /program < "$1"/input`
  const place = await mkdtemp(join(directory, 'place-'))
  // Bash reads a user's bashrc where stdin is a socket.
  const shell = ['--mount', '--pid', '--fork', '--ipc', '--net', 'bash', '--norc', '-euc']
  const before = await statesOfHost()
  const { stdout, stderr } = await execa('unshare', [...shell, script, program, place])
  expect(await statesOfHost()).toEqual(before)
  expect(stderr).toBe('')
  const outcomes = Object.entries(JSON.parse(stdout) as Record<string, Outcome>)
  expect(outcomes.length).toBeGreaterThan(50)
  const errors = outcomes.flatMap(([name, outcome]) =>
    Object.keys(outcome.errors).map((error) => `${name}: ${error}`),
  )
  expect(errors.filter((error) => !REFUSAL.test(error.replace(/^\w+: /, '')))).toEqual([])
  // Only these never return.
  expect(outcomes.flatMap(([name, { returned }]) => (returned === 0 ? [name] : []))).toEqual([
    'exit',
    'onStart',
    'onIdle',
  ])
})
