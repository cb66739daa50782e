import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configs } from '../lab/configs'
import { firewall, masquerading } from '../lab/firewall'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith } from '../lab/plugin'

/** The executable and the real firewall: an ADD stands whole, as CHECK sees it, or has changed nothing. */

let node: Namespace
beforeAll(async () => {
  node = await createNamespace('fuzz')
})
afterAll(() => node.delete())

const ADDRESSES = ['10.244.1.7', 'fd00::7']
const environment = { CNI_ARGS: 'K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web' }

test('ADD, CHECK and DEL of many configs', async () => {
  const outcomes = { accepted: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(configs, async (keys) => {
      const config = JSON.stringify({
        ...configWith(['10.244.1.7/24', 'fd00::7/64']),
        ...keys,
        ...firewall.keys,
      })
      const before = await firewall.list(node)
      const { status, json } = await callPlugin(node, 'ADD', { config, environment })
      if (status === 0) {
        outcomes.accepted += 1
        expect(json).toEqual(JSON.parse(config).prevResult)
        expect(await masquerading(node)).toEqual(ADDRESSES)
        expect(await callPlugin(node, 'CHECK', { config, environment })).toMatchObject({
          status: 0,
          stdout: '',
        })
      } else {
        outcomes.refused += 1
        expect(json).toMatchObject({ code: expect.toBeOneOf([1, 2, 7]) })
        expect(await firewall.list(node)).toBe(before)
      }
      expect(await callPlugin(node, 'DEL', { config, environment })).toMatchObject({ status: 0 })
      expect(await masquerading(node)).toEqual([])
    }),
    { numRuns: 100, endOnFailure: true },
  )
  expect(outcomes.accepted).toBeGreaterThan(20)
  expect(outcomes.refused).toBeGreaterThan(20)
})
