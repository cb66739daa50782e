import { expect, test, vi } from 'vitest'
import { parseAgentFile } from '../../src/config/agent-file'

/** Loading the YAML parser takes longer than all the rest of an ADD's reading. */

vi.mock('../../src/config/yaml', () => {
  throw new Error('the YAML parser was loaded')
})

test('JSON is read without the YAML parser', async () => {
  expect(await parseAgentFile('{"masqLinkLocal": true}', 'f')).toMatchObject({ masqLinkLocal: true })
})

test('and YAML with it', async () => {
  await expect(parseAgentFile('masqLinkLocal: true', 'f')).rejects.toThrow(/the YAML parser was loaded|mock/)
})
