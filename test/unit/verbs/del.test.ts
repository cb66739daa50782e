import { describe, expect, test } from 'vitest'
import { CniError } from '../../../src/cni/error'
import type { Address } from '../../../src/policy/address'
import { formatAddress } from '../../../src/policy/address-text'
import { failure } from '../../lab/bad-configs'
import { type Call, callInProcess } from '../../lab/call'
import { configWith } from '../../lab/plugin'

/** The reply, with the addresses that the backend is to try first. */
async function del(call: Call = {}) {
  const { asked, ...reply } = await callInProcess('DEL', call)
  expect(asked).toEqual([
    ['remove', { containerID: 'c1', ifname: 'eth0' }, expect.any(Array), expect.anything()],
  ])
  const [, , hint, where] = asked[0] as [string, unknown, Address[], unknown]
  return { ...reply, hint: hint.map(formatAddress), where }
}

const ANYWHERE = { backend: 'auto', carrier: 'auto' }

test('asks for the addresses of prevResult, each once', async () => {
  expect(await del({ config: configWith(['10.244.1.7/24', 'fd00::7/64', '10.244.1.7/16']) })).toEqual({
    ...{ status: 0, stdout: '', json: undefined, warnings: [] },
    hint: ['10.244.1.7', 'fd00::7'],
    where: ANYWHERE,
  })
})

describe('does not mind', () => {
  test.each<[string, unknown, string[]]>([
    ['no version', {}, []],
    [
      'an unknown key and a bad list',
      configWith(['10.9.9.9/24'], { nonMasqCIDR: 1, nonMasqueradeCIDRs: ['x'] }),
      ['10.9.9.9'],
    ],
    ['a name that has changed', { ...configWith(['10.9.9.9/24']), name: '' }, ['10.9.9.9']],
    ['a version of the future', { ...configWith(['10.9.9.9/24']), cniVersion: '9.0.0' }, ['10.9.9.9']],
    ['a prevResult that is none', { ...configWith(), prevResult: 'x' }, []],
  ])('%s', async (_, config, hint) => {
    expect(await del({ config })).toMatchObject({
      ...{ status: 0, stdout: '', warnings: [], hint },
      where: ANYWHERE,
    })
  })

  test.each([
    ['empty stdin', '', /^DEL goes on without prevResult: Cannot read the config: stdin is empty/],
    ['junk', 'junk', /^DEL goes on without prevResult: Cannot read the config: it is not JSON/],
    [
      'a garbage prevResult',
      configWith(['garbage']),
      /^DEL goes on without prevResult: Cannot use prevResult.ips\[0\].address "garbage"/,
    ],
  ])('%s, and says so', async (_, config, warning) => {
    expect(await del({ config })).toMatchObject({
      ...{ status: 0, stdout: '', hint: [] },
      warnings: [expect.stringMatching(warning)],
      where: { ...ANYWHERE, isGuess: true },
    })
  })

  test('unreadable stdin, and says so', async () => {
    const readStdin = () => {
      throw new Error('EBADF')
    }
    expect(await del({ readStdin })).toMatchObject({
      ...{ status: 0, stdout: '', hint: [] },
      warnings: ['DEL goes on without prevResult: Cannot read the config from stdin'],
      where: { ...ANYWHERE, isGuess: true },
    })
  })
})

describe('looks first', () => {
  test.each([
    [{ backend: 'iptables' }, { backend: 'iptables', carrier: 'auto' }],
    [
      { backend: 'auto', ipMasqBackend: 'iptables' },
      { backend: 'iptables', carrier: 'auto' },
    ],
    [
      { backend: 'nftables', carrier: 'nft' },
      { backend: 'auto', carrier: 'nft' },
    ],
    [{ backend: 7, carrier: 'pigeon' }, ANYWHERE],
  ])('by what is readable of %j', async (keys, where) => {
    expect(await del({ config: configWith(['10.244.1.7/24'], keys) })).toMatchObject({ where, warnings: [] })
  })
})

test('says what may be left behind, and succeeds', async () => {
  const remove = async () => ({ outcome: 'unusable', said: 'no nft could be started' }) as const
  expect(await del({ backends: { remove } })).toMatchObject({
    ...{ status: 0, stdout: '' },
    warnings: ['DEL may have left rules behind: no nft could be started'],
  })
})

test('fails when rules were seen and could not be removed', async () => {
  const remove = async () => {
    throw new CniError('toolRefused', 'Cannot remove the rules')
  }
  expect(await del({ backends: { remove } })).toMatchObject({
    ...failure(100, 'Cannot remove the rules'),
    warnings: [],
  })
})
