import { describe, expect, test } from 'vitest'
import { NotUtf8Error } from '../../../src/system/errors'
import { BAD_CONFIGS, failure } from '../../lab/bad-configs'
import { callInProcess } from '../../lab/call'
import { configWith } from '../../lab/plugin'

describe.each(['ADD', 'CHECK'])('%s with a bad config changes nothing:', (command) => {
  test.each(BAD_CONFIGS)('%s', async (_, config, expected) => {
    const reply = await callInProcess(command, { config })
    expect(reply).toMatchObject({ ...expected, warnings: [], asked: [] })
    expect(reply.json).toEqual(expected.json)
  })

  test('unreadable stdin', async () => {
    const reply = await callInProcess(command, {
      readStdin() {
        throw new Error('EISDIR: illegal operation on a directory')
      },
    })
    expect(reply).toMatchObject({ status: 1, warnings: [], asked: [] })
    expect(reply.json).toEqual({
      cniVersion: '1.1.0',
      code: 5,
      msg: 'Cannot read the config from stdin',
      details: 'Error: EISDIR: illegal operation on a directory',
    })
  })
})

test('bytes that are no UTF-8 are refused, because they could not be passed on as received', async () => {
  const readStdin = () => {
    throw new NotUtf8Error()
  }
  expect(await callInProcess('ADD', { readStdin })).toMatchObject({
    ...failure(6, 'Cannot read the config: it is not UTF-8', '1.1.0'),
    asked: [],
  })
})

test('CHECK came with 0.4.0', async () => {
  const msg = 'Cannot run CHECK with cniVersion "0.3.1": CHECK needs 0.4.0 or later'
  const reply = await callInProcess('CHECK', { config: { ...configWith(), cniVersion: '0.3.1' } })
  expect(reply).toMatchObject({ ...failure(1, msg, '0.3.1'), asked: [] })
})

test.each(['GC', 'STATUS'])('%s came with 1.1.0', async (command) => {
  const msg = `Cannot run ${command} with cniVersion "1.0.0": ${command} needs 1.1.0 or later`
  expect(await callInProcess(command)).toMatchObject({ ...failure(1, msg), asked: [] })
})
