import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, expect, test } from 'vitest'
import { thisArchitecture } from '../../scripts/packaging/architecture'
import { compileNative, type NativeBuild } from '../../scripts/packaging/native'

/** native/libc.c refuses what JavaScript must not pass to C, in what nodes run and under the sanitizers. */

const directory = await mkdtemp(join(tmpdir(), 'ip-masq-libc-'))
afterAll(() => rm(directory, { recursive: true }))

const EINVAL = -22

test.each<NativeBuild>(['static', 'sanitized'])('%s', async (kind) => {
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
    'a digest of no state': expect.stringMatching(/^RangeError/),
    'a digest of another width': 'RangeError: libc: a digest has 256 or 512 bits',
    'a search from behind the end': -1,
    'a descriptor that is not open': -9,
    'bytes that are no UTF-8': 'a\ufffd\ufffdb\ufffd\ufffd\ufffd',
    'half a pair': '61efbfbd62',
    'all of latin1': 'Aéÿ',
    'a BigInt with its upper bit set': 'fe800000000000000000000000000000',
  })
})
