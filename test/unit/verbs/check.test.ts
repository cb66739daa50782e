import { expect, test } from 'vitest'
import { attachmentId } from '../../../src/backend/identity'
import { parseAddress } from '../../../src/policy/address-text'
import type { PrimaryFirewall } from '../../../src/primary/firewall'
import { failure } from '../../lab/bad-configs'
import { type Call, callInProcess } from '../../lab/call'
import { configWith } from '../../lab/plugin'

const check = (call: Call = {}) => callInProcess('CHECK', call)

const ID = attachmentId({ containerID: 'c1', ifname: 'eth0' })

const verbsOf = ({ asked }: { readonly asked: readonly (readonly unknown[])[] }) =>
  asked.map(([verb]) => verb)

/** One answer after the other. */
const verifying = (...answers: (readonly string[])[]) => ({
  verify: async () => answers.shift() ?? [],
})

test('all is as it should be', async () => {
  const reply = await check()
  expect(reply).toMatchObject({ status: 0, stdout: '', warnings: [] })
  expect(verbsOf(reply)).toEqual(['verify'])
})

test('what is strange, and what the primary plugin has, is a warning', async () => {
  const address = parseAddress('10.244.1.7')
  const rule = { address, firewall: 'nft', key: 'k', containerID: 'c1', network: 'cbr0', text: 'rule' }
  const firewall = {
    name: 'nft',
    list: () => ({ rules: [rule], problems: ['Cannot look there'] }),
  } as unknown as PrimaryFirewall
  const reply = await check({
    primaryFirewalls: async () => [firewall],
    backends: {
      async verify(_, warn) {
        warn?.('a chain of somebody else')
        return []
      },
    },
  })
  expect(reply).toMatchObject({ status: 0, stdout: '' })
  expect(reply.warnings).toEqual([
    'a chain of somebody else',
    expect.stringMatching(/^10\.244\.1\.7: the primary plugin has a masquerade rule for it too/),
    'Cannot look there',
  ])
})

test('rules that are missing are restored, and that is said', async () => {
  const reply = await check({ backends: verifying(['element is missing'], []) })
  expect(reply).toMatchObject({
    ...{ status: 0, stdout: '' },
    warnings: ['CHECK restored the rules of c1 eth0, which were missing'],
  })
  expect(verbsOf(reply)).toEqual(['verify', 'list', 'gone', 'replace', 'verify'])
  expect(reply.asked[3]).toEqual([
    'replace',
    [expect.objectContaining({ origin: 'restored' })],
    { dryRun: false },
  ])
})

test.each<[string, Call['backends'], string[]]>([
  ['rules that are altered', { list: async () => [{ id: ID, addresses: [] }] }, ['list', 'verify']],
  ['rules whose DEL has come', { gone: async () => new Set([ID]) }, ['list', 'gone']],
])('%s are drift, and left alone', async (_, backends, verbs) => {
  const lines = ['one is missing', 'one is altered']
  const reply = await check({ backends: { ...verifying(lines, lines), ...backends } })
  const { json, ...rest } = failure(101, 'Cannot confirm the rules of c1 eth0: 2 missing or altered')
  expect(reply).toMatchObject({ ...rest, warnings: [] })
  expect(reply.json).toEqual({ ...json, details: lines.join('\n') })
  expect(verbsOf(reply)).toEqual(['verify', ...verbs])
})

test('nothing is restored where the config says so; a list of the pod’s own is named', async () => {
  const config = configWith(['10.244.1.7/24'], {
    repairOnCheck: false,
    runtimeConfig: { nonMasqueradeCIDRs: ['10.0.0.0/8'] },
  })
  const reply = await check({ config, backends: verifying(['one is missing']) })
  expect(reply.json).toMatchObject({
    code: 101,
    details: "the policy is made from the pod's own list of 1 prefix\none is missing",
  })
  expect(verbsOf(reply)).toEqual(['verify'])
})
