import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { conflistSchema } from '../../scripts/json-schema'
import { KEYS } from '../../src/config/keys'

const conf = new URL('../../conf/', import.meta.url)
const readJson = (file: string) => JSON.parse(readFileSync(new URL(file, conf), 'utf8'))
const validate = new Ajv({ strict: false, allErrors: true }).compile(readJson('ip-masq.schema.json'))

const errorsOf = (value: unknown) =>
  validate(value) ? [] : (validate.errors ?? []).map(({ instancePath }) => instancePath)

const conflistWith = (keys: Record<string, unknown>) => ({
  $schema: './ip-masq.schema.json',
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    { type: 'bridge', anything: 1 },
    { type: 'ip-masq', ...keys },
  ],
})

test('conf/ip-masq.schema.json is what npm run schema makes', () => {
  expect(readJson('ip-masq.schema.json')).toEqual(JSON.parse(JSON.stringify(conflistSchema())))
})

test.each(Object.keys(KEYS))('%s has a meaning', (key) => {
  const { definitions } = readJson('ip-masq.schema.json')
  expect(definitions['ip-masq'].properties[key].description).toMatch(/^\S.{20}/)
})

describe('it accepts', () => {
  const files = readdirSync(conf).filter((file) => /\.conflist$|cni-conf\.json$/.test(file))
  test.each(files)('conf/%s', (file) => {
    expect(errorsOf(readJson(file))).toEqual([])
  })

  test('a drop-in, and the keys of libcni', () => {
    const dropIn = { type: 'ip-masq', capabilities: {}, 'cni.dev/x': 1, flannelSubnetFile: '/run/x' }
    expect(errorsOf(dropIn)).toEqual([])
    const others = [
      { name: 'Other', value: 'x' },
      { name: 'Other', value: { Type: 'OutBoundNAT', ExceptionList: 'x' } },
      { name: 'EndpointPolicy', value: { Type: 'ROUTE', DestinationPrefix: 7 } },
      {
        name: 'EndpointPolicy',
        value: { Type: 'OutBoundNAT', ExceptionList: ['10.0.0.1'], MaxPortPoolUsage: 7 },
      },
      { Name: 'EndpointPolicy', Value: { Type: 'OutBoundNAT', ExceptionList: [] } },
    ]
    expect(errorsOf(conflistWith({ policies: others }))).toEqual([])
    expect(errorsOf(conflistWith({ nonMasqueradeCIDRs: [], onlyNamespaces: ['team-*', '*'] }))).toEqual([])
  })
})

describe('it refuses', () => {
  test.each<[Record<string, unknown>, string]>([
    [{ nonMasqueradeCIDR: [] }, ''],
    [{ nonMasqueradeCIDRs: null }, '/nonMasqueradeCIDRs'],
    [{ nonMasqueradeCIDRs: ['10.0.0.0'] }, '/nonMasqueradeCIDRs/0'],
    [{ nonMasqueradeDefaults: 'all' }, '/nonMasqueradeDefaults'],
    [{ ipv4: 'yes' }, '/ipv4'],
    [{ toPorts: '5-9,' }, '/toPorts'],
    [{ snatTo: { ip: '192.0.2.1' } }, '/snatTo'],
    [{ outInterfaces: [] }, '/outInterfaces'],
    [{ outInterfaces: ['a+b'] }, '/outInterfaces/0'],
    [{ configFiles: ['etc/x'] }, '/configFiles/0'],
    [{ exceptNamespaces: ['Shop'] }, '/exceptNamespaces/0'],
    [
      { policies: [{ name: 'EndpointPolicy', value: { Type: 'OutBoundNAT', ExceptionList: '10.0.0.0/8' } }] },
      '/policies/0/value/ExceptionList',
    ],
  ])('%j', (keys, path) => {
    expect(errorsOf(conflistWith(keys))).toContain(`/plugins/1${path}`)
    expect(errorsOf({ type: 'ip-masq', ...keys })).toContain(path)
  })
})
