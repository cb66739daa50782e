import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { version } from '../../../package.json'
import { failure } from '../../lab/bad-configs'
import { type Call, callInProcess } from '../../lab/call'

const status = (keys: Readonly<Record<string, unknown>> = {}, call: Call = {}) =>
  callInProcess('STATUS', {
    config: { cniVersion: '1.1.0', name: 'cbr0', type: 'ip-masq', ...keys },
    ...call,
  })

let cacheDir: string
beforeAll(() => {
  cacheDir = mkdtempSync(join(tmpdir(), 'ip-masq-status-'))
  mkdirSync(join(cacheDir, 'results'))
  const names = { kind: 'cniCacheV1', containerId: 'c1', ifName: 'eth0', networkName: 'cbr0' }
  const entry = { ...names, config: btoa('{}'), result: { cniVersion: '1.0.0', ips: [] } }
  writeFileSync(join(cacheDir, 'results', 'cbr0-c1-eth0'), JSON.stringify(entry))
})
afterAll(() => rmSync(cacheDir, { recursive: true }))

test.each([
  [{}, ['auto', 'auto']],
  [{ carrier: 'nft' }, ['nft', 'auto']],
  [{ backend: 'nftables' }, ['auto', 'nftables']],
  [{ ipMasqBackend: 'iptables' }, ['auto', 'iptables']],
])('asks once what is missing for the ADDs of %j', async (keys, args) => {
  expect(await status(keys)).toEqual({
    ...{ status: 0, stdout: '', json: undefined, warnings: [] },
    asked: [['probe', ...args]],
  })
})

describe('something is missing', () => {
  const backends = { probe: async () => ['no nft', 'no CAP_NET_ADMIN'] }
  const said = `ip-masq ${version} cannot install rules: no nft; no CAP_NET_ADMIN`

  test('and no pod runs', async () => {
    expect(await status({}, { backends })).toMatchObject(failure(50, said, '1.1.0'))
    expect(await status({ name: 'other' }, { backends, cacheDir })).toMatchObject(failure(50, said, '1.1.0'))
  })

  test('and pods run', async () => {
    const msg = `${said}; the rules of running containers cannot be repaired either`
    expect(await status({}, { backends, cacheDir })).toMatchObject(failure(51, msg, '1.1.0'))
  })
})

test.each<[string, Readonly<Record<string, unknown>>, number, RegExp]>([
  ['a bad name', { name: 'a b' }, 7, /^Cannot use name "a b"/],
  ['an unknown key', { nonMasqCIDRs: [] }, 2, /^Cannot use nonMasqCIDRs/],
  [
    'keys that contradict each other',
    { nonMasqueradeCIDRs: ['10.0.0.0/8'], masqueradeCIDRs: ['10.0.0.0/8'] },
    7,
    /^Cannot use masqueradeCIDRs\[0\] "10\.0\.0\.0\/8"/,
  ],
  ['two backends', { backend: 'nftables', ipMasqBackend: 'iptables' }, 7, /^Cannot use backend "nftables"/],
])('%s is refused before anything is asked', async (_, keys, code, msg) => {
  expect(await status(keys)).toMatchObject({ ...failure(code, msg, '1.1.0'), asked: [] })
})

test('a key that stands twice is refused', async () => {
  const config = '{"cniVersion": "1.1.0", "name": "cbr0", "type": "ip-masq", "ipv4": true, "ipv4": false}'
  expect(await callInProcess('STATUS', { config })).toMatchObject({
    ...failure(7, /this object already has this key/, '1.1.0'),
    asked: [],
  })
})
