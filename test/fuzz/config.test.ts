import fc from 'fast-check'
import { expect, test } from 'vitest'
import { renderTransaction } from '../../src/backend/nftables/render'
import { setUpPolicy } from '../../src/backend/nftables/set-up'
import { CniError } from '../../src/cni/error'
import { parseAgentFile } from '../../src/config/agent-file'
import { parseFlannelSubnets } from '../../src/config/flannel'
import { convert } from '../../src/convert/convert'
import { MalformedError } from '../../src/policy/address-text'
import { parseWanted } from '../../src/verbs/read-wanted'
import { configs, texts } from '../lab/configs'
import { configWith } from '../lab/plugin'

/** Many configs, in this process: what cannot be used is refused with a reason, and the rest is a script. */

const environment = { CNI_CONTAINERID: 'c1', CNI_IFNAME: 'eth0', CNI_ARGS: 'K8S_POD_NAMESPACE=shop' }

/** Every line that a set-up may have; nothing that an operator wrote can add another. */
const LINE =
  /^(add|flush) (set|chain|rule|element) inet ip-masq policy-[0-9a-f]{16}(-(only-)?ip6?|-out|-to-\d+-ip6?(-out)?)?( [^\n]*)?$/

test('configs', async () => {
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(configs, async (keys) => {
      const config = JSON.parse(JSON.stringify({ ...configWith(['10.244.1.7/24', 'fd00::7/64']), ...keys }))
      try {
        const { wanted } = await parseWanted('ADD', environment, config)
        accepted += 1
        for (const line of renderTransaction(setUpPolicy(wanted.policy)).trimEnd().split('\n')) {
          expect(line).toMatch(LINE)
          expect(line.split('"').length).toBe(line.includes('oifname') ? 3 : 1)
        }
      } catch (error) {
        if (!(error instanceof CniError)) throw error
        expect(['unsupportedKey', 'invalidConfig', 'incompatibleVersion']).toContain(error.reason)
        expect(error.message).toMatch(/^Cannot (use|work) [^\n]+$/)
      }
    }),
    { numRuns: 10_000 },
  )
  expect(accepted).toBeGreaterThan(1_000)
})

const isRefusal = (error: unknown) => error instanceof CniError || error instanceof MalformedError

test.each<[string, (text: string) => unknown]>([
  ['ip-masq-agent files', (text) => parseAgentFile(text, 'f')],
  ['subnet.env', parseFlannelSubnets],
  ['what convert is given', convert],
])('%s', async (_, read) => {
  const refusals = new Set<boolean>()
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      try {
        await read(text)
        refusals.add(false)
      } catch (error) {
        if (!isRefusal(error)) throw error
        refusals.add(true)
      }
    }),
    { numRuns: 5_000 },
  )
  expect(refusals.size).toBe(2)
})
