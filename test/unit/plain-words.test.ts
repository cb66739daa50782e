import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { namesIn, openToRead, removeFile, writeNext } from '../../src/system/node/files'
import { effectiveUser } from '../../src/system/node/program'
import { fileRefusal, inPlainWords, plainReason } from '../../src/system/plain-words'

/** What an operator reads of a file that the system refuses. */

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ip-masq-words-'))
  writeFileSync(join(directory, 'file'), '')
  symlinkSync('loop', join(directory, 'loop'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function errorOf(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was refused')
}

test.each<[string, (path: string) => unknown, string, string]>([
  ['a file that is not there', openToRead, 'none', 'Cannot open PATH: there is no such file or directory'],
  ['a directory that is not there', namesIn, 'none', 'Cannot list PATH: there is no such file or directory'],
  [
    'a file in place of a directory',
    namesIn,
    'file',
    'Cannot list PATH: it, or a part of its path, is not a directory',
  ],
  ['a file to remove', removeFile, 'none', 'Cannot remove PATH: there is no such file or directory'],
  [
    'links in a circle',
    openToRead,
    'loop',
    'Cannot open PATH: its links lead in a circle, or are not followed here; name the file itself',
  ],
])('%s', (_, use, name, sentence) => {
  const path = join(directory, name)
  expect(fileRefusal(errorOf(() => use(path)))?.replace(path, 'PATH')).toBe(sentence)
})

test('a full disk, which a descriptor tells of and no path', () => {
  const descriptor = openToReadAndWrite('/dev/full')
  const error = errorOf(() => writeNext(descriptor, new Uint8Array(1)))
  expect(fileRefusal(error)).toBe('Cannot write to a file: the disk is full; make room')
})

function openToReadAndWrite(path: string): number {
  const { openSync } = process.getBuiltinModule('node:fs')
  return openSync(path, 'r+')
}

describe('no permission:', () => {
  const denied = Object.assign(new Error("EACCES: permission denied, open '/x'"), {
    ...{ code: 'EACCES', syscall: 'open', path: '/x' },
  })

  test('advice to run it as root is for others than root', () => {
    const user = effectiveUser()
    const [why, advice] =
      user === 0
        ? [
            'even root has no permission',
            'look for a missing capability, SELinux or AppArmor, or an immutable file',
          ]
        : [`user ${user} has no permission`, 'run it as root']
    expect([plainReason(denied), inPlainWords(denied)]).toEqual([why, `${why}; ${advice}`])
    expect(fileRefusal(denied)).toBe(`Cannot open /x: ${why}; ${advice}`)
  })
})

test('an error of another kind keeps its message, and is about no file', () => {
  const error = new Error('it is not a JSON object')
  expect([inPlainWords(error), fileRefusal(error)]).toEqual(['it is not a JSON object', undefined])
})
