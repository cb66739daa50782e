import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rulesJson } from '../../src/list/json'
import { configs } from '../lab/configs'
import { firewall, masquerading } from '../lab/firewall'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, runCommand } from '../lab/plugin'
import { asKept, policyFor } from '../lab/policies'

/** The executable and the real firewall: an ADD stands whole, as CHECK sees it, or has changed nothing. */

let node: Namespace
beforeAll(async () => {
  node = await createNamespace('fuzz')
})
afterAll(() => node.delete())

const IPS = ['10.244.1.7/24', 'fd00::7/64']
const ADDRESSES = ['10.244.1.7', 'fd00::7']
const environment = { CNI_ARGS: 'K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web' }

/** What `list` reads back from the kernel is the policy that the config asks for; iptables keeps less of it. */
async function expectListed(config: Record<string, unknown>): Promise<void> {
  const { stdout } = await runCommand(node, 'list --policies --json --conf-dir /none --cache-dir /none')
  const listed: { attachments: unknown[]; rules: unknown; foreign: unknown[] }[] = JSON.parse(stdout).policies
  const used = listed.filter(({ attachments }) => attachments.length > 0)
  expect(used).toHaveLength(1)
  expect(used).toMatchObject([{ foreign: [], rules: {} }])
  const policy = policyFor(config, IPS)
  if (!policy) throw new Error('ADD took what the reader refuses')
  if (firewall.name === 'nftables') expect(used[0]?.rules).toEqual(rulesJson(asKept(policy)))
}

test('ADD, CHECK and DEL of many configs', async () => {
  const outcomes = { accepted: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(configs, async (keys) => {
      const config = JSON.stringify({
        ...configWith(IPS),
        ...keys,
        ...firewall.keys,
      })
      const before = await firewall.list(node)
      const { status, json } = await callPlugin(node, 'ADD', { config, environment })
      if (status === 0) {
        outcomes.accepted += 1
        expect(json).toEqual(JSON.parse(config).prevResult)
        expect(await masquerading(node)).toEqual(ADDRESSES)
        await expectListed(JSON.parse(config))
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
