import { expect, test, vi } from 'vitest'
import { parseAgentFile } from '../../src/config/agent-file'

/** Loading the YAML parser takes longer than all the rest of an ADD's reading. */

vi.mock('../../src/config/yaml', () => {
  throw new Error('the YAML parser was loaded')
})

test('JSON is read without the YAML parser', async () => {
  expect(await parseAgentFile('{"masqLinkLocal": true}', 'f')).toMatchObject({ masqLinkLocal: true })
})

test('YAML as agents’ files are written is, too', async () => {
  const text =
    '# for all\nnonMasqueradeCIDRs:\n  - 10.0.0.0/8\n  - "fd00::/8" # ours\n\nmasqLinkLocal: true\nresyncInterval: 60s\n'
  const file = await parseAgentFile(text, 'f')
  expect(file.nonMasqueradeCIDRs).toHaveLength(2)
  expect(file).toMatchObject({ masqLinkLocal: true, ignored: ['resyncInterval'] })
})

test('other YAML is read with it', async () => {
  await expect(parseAgentFile('masqLinkLocal: yes', 'f')).rejects.toThrow(/the YAML parser was loaded|mock/)
})
