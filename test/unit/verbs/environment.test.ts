import { describe, expect, test } from 'vitest'
import { failure, IDENTIFIER_ADVICE } from '../../lab/bad-configs'
import { callInProcess } from '../../lab/call'

/** The variables of a call. What is wrong with them is found before anything is asked of the kernel. */

const MISSING = {
  CNI_CONTAINERID: undefined,
  CNI_NETNS: undefined,
  CNI_IFNAME: undefined,
  CNI_PATH: undefined,
}

const refused = (msg: string | RegExp) => ({ ...failure(4, msg, '1.1.0'), warnings: [], asked: [] })

test.each(['add', 'RENAME', 'STATUS ', '', undefined])('does not know CNI_COMMAND %s', async (command) => {
  const named = command === undefined ? 'undefined' : `"${command}"`
  const msg = `Cannot run CNI_COMMAND ${named}: use ADD, CHECK, DEL, GC, STATUS or VERSION`
  expect(await callInProcess(command)).toMatchObject(refused(msg))
})

describe('what is missing', () => {
  test.each(['ADD', 'CHECK'])('of %s is named, all of it', async (command) => {
    const msg = `Cannot run ${command} without the environment variables CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME, CNI_PATH`
    expect(await callInProcess(command, { environment: MISSING })).toMatchObject(refused(msg))
  })

  test.each(Object.keys(MISSING))('ADD needs %s, and an empty one is none', async (name) => {
    const msg = `Cannot run ADD without the environment variable ${name}`
    for (const value of [undefined, ''])
      expect(await callInProcess('ADD', { environment: { [name]: value } })).toMatchObject(refused(msg))
  })

  test('DEL needs what names the attachment, and no more', async () => {
    const msg = 'Cannot run DEL without the environment variables CNI_CONTAINERID, CNI_IFNAME'
    expect(await callInProcess('DEL', { environment: MISSING })).toMatchObject(refused(msg))
    const environment = { CNI_NETNS: undefined, CNI_PATH: undefined, PATH: undefined }
    expect(await callInProcess('DEL', { environment })).toMatchObject({ status: 0, stdout: '', warnings: [] })
  })
})

describe('what is malformed', () => {
  test.each(['../c1', '-c1', 'c 1', 'c1"; flush ruleset; #', 'c\n1'])(
    'refuses containerID %j',
    async (containerID) => {
      const msg = `Cannot use CNI_CONTAINERID ${JSON.stringify(containerID)}: ${IDENTIFIER_ADVICE}`
      expect(await callInProcess('ADD', { containerID })).toMatchObject(refused(msg))
    },
  )

  test.each(['.', '..', 'a/b', 'a:b', 'a b', 'sixteen-bytes-ab', 'é'.repeat(8)])(
    'refuses ifname %j',
    async (ifname) => {
      const msg = `Cannot use CNI_IFNAME ${JSON.stringify(ifname)}: use at most 15 bytes without "/", ":" and white space`
      expect(await callInProcess('CHECK', { ifname })).toMatchObject(refused(msg))
    },
  )

  test('names all of it', async () => {
    const msg = /^Cannot use CNI_CONTAINERID "\/": .*; cannot use CNI_IFNAME "\/": /
    expect(await callInProcess('ADD', { containerID: '/', ifname: '/' })).toMatchObject(refused(msg))
  })
})
