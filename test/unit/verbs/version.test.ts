import { describe, expect, test } from 'vitest'
import { VERSIONS } from '../../lab/bad-configs'
import { callInProcess } from '../../lab/call'

describe('VERSION', () => {
  const supportedVersions = VERSIONS.split(', ')

  test('echoes the version of the config', async () => {
    const reply = await callInProcess('VERSION', { config: { cniVersion: '0.4.0' } })
    const json = { cniVersion: '0.4.0', supportedVersions }
    expect(reply).toEqual({ status: 0, stdout: JSON.stringify(json), json, warnings: [], asked: [] })
  })

  test.each(['', 'not JSON', '[]', '{"cniVersion": 1}'])('needs no config: %j', async (config) => {
    const environment = {
      CNI_CONTAINERID: undefined,
      CNI_NETNS: undefined,
      CNI_IFNAME: undefined,
      CNI_PATH: undefined,
    }
    const reply = await callInProcess('VERSION', { config, environment })
    expect(reply).toMatchObject({ status: 0, json: { cniVersion: '1.1.0', supportedVersions }, asked: [] })
  })
})
