import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAgentFile } from '../../../src/config/agent-file'
import { judgeAgentText } from '../../../src/validate/agent-text'
import { newReport } from '../../../src/validate/judgement'
import { splitPlace } from '../../../src/validate/lines'
import { fileText } from '../../../src/validate/text'
import { validate } from '../../../src/validate/validate'
import { BAD_CONFIGS } from '../../lab/bad-configs'
import { callInProcess } from '../../lab/call'
import { configs, texts } from '../../lab/configs'
import { withFiles } from '../../lab/validation'

/** validate has no error of ours where an ADD reads the config, and the ADD's own among its errors where it does not. */

const TERMS = { readsNamedFiles: true, filesRoot: '' }

/** The errors about a network of a bridge and ip-masq, whose part this is. */
async function errorsOf(own: Record<string, unknown>, head: Record<string, unknown>) {
  const plugins = [{ type: 'bridge' }, own]
  const text = JSON.stringify({ ...head, plugins })
  return withFiles({ 'net.conflist': text }, async (directory) => {
    const { findings } = await validate([`${directory}/net.conflist`], TERMS)
    return findings.filter(({ severity }) => severity === 'error').map(({ message }) => message)
  })
}

/** The error of the ADD that a runtime makes of it: it writes name and version of the list into the plugin's part. */
async function addError(own: Record<string, unknown>, head: Record<string, unknown>) {
  const config = { ...own, ...head, prevResult: { ips: [{ address: '10.244.1.7/24' }] } }
  const { status, json } = await callInProcess('ADD', { config })
  return status === 0 ? undefined : Object(json).msg
}

async function compare(own: Record<string, unknown>, head: Record<string, unknown>) {
  const [errors, error] = [await errorsOf(own, head), await addError(own, head)]
  if (error === undefined) expect(errors).toEqual([])
  // What was a file's place in the message is the place of the finding.
  else expect(errors.some((one) => one.startsWith(splitPlace(error).rest))).toBe(true)
}

const HEAD = { cniVersion: '1.0.0', name: 'pods' }

test('random configs', async () => {
  let refused = 0
  await fc.assert(
    fc.asyncProperty(configs, async (config) => {
      const own = { ...(JSON.parse(JSON.stringify(config)) as object), type: 'ip-masq' }
      await compare(own, HEAD)
      refused += (await addError(own, HEAD)) === undefined ? 0 : 1
    }),
    { numRuns: 200 },
  )
  // Both kinds were there.
  expect(refused).toBeGreaterThan(25)
  expect(refused).toBeLessThan(175)
})

describe('configs that ADD refuses:', () => {
  /** Those that are a config with something wrong in it, and not a call with something wrong. */
  const written = BAD_CONFIGS.flatMap(([name, config]) =>
    typeof config === 'object' && config !== null && !name.includes('prevResult') && !name.includes('address')
      ? [[name, config as Record<string, unknown>] as const]
      : [],
  )
  test('there are some', () => expect(written.length).toBeGreaterThan(9))

  test.each(written)('%s', async (_, { prevResult, name, cniVersion, ...own }) => {
    await compare({ ...own, type: 'ip-masq' }, { name, cniVersion })
    expect(await errorsOf({ ...own, type: 'ip-masq' }, { name, cniVersion })).toHaveLength(1)
  })
})

test('random texts as configs of ip-masq-agent', async () => {
  const judge = async (text: string) => {
    const report = newReport(TERMS)
    await judgeAgentText(report, fileText('f', text), 'f')
    return report.findings.filter(({ severity }) => severity === 'error').map(({ message }) => message)
  }
  const refusal = async (text: string) => {
    try {
      await parseAgentFile(text, 'f')
      return undefined
    } catch (error) {
      return splitPlace(Object(error).message).rest
    }
  }
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const [errors, error] = [await judge(text), await refusal(text)]
      expect(errors[0]).toBe(error)
    }),
    { numRuns: 200 },
  )
})

test('random texts in a file that a config names', async () => {
  let refused = 0
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      await withFiles({ 'agent.yaml': text }, async (directory) => {
        const own = { type: 'ip-masq', configFiles: [`${directory}/agent.yaml`] }
        await compare(own, HEAD)
        refused += (await addError(own, HEAD)) === undefined ? 0 : 1
      })
    }),
    { numRuns: 80 },
  )
  expect(refused).toBeGreaterThan(5)
})

test('whatever a file has in it, it is judged, and every finding is at a place in it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 3 }), async (some) => {
      const [one = '', two = one, three = two] = some
      const map = JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        data: { config: one, 'x.json': two },
      })
      const files = {
        'a.conflist': one,
        'b.conf': two,
        'a/c.conf': three,
        'd.yaml': three,
        'e.json': map,
        f: one,
      }
      await withFiles(files, async (directory) => {
        const paths = ['', ...Object.keys(files)].map((name) => join(directory, name))
        const { findings } = await validate(paths, TERMS)
        for (const { file, place } of findings) {
          if (!place) continue
          const lines = readFileSync(file, 'utf8').split('\n')
          expect(place.line).toBeLessThanOrEqual(lines.length)
          expect(place.column).toBeLessThanOrEqual((lines[place.line - 1] ?? '').length + 1)
        }
      })
    }),
    { numRuns: 50 },
  )
})

const CONF = new URL('../../../conf/', import.meta.url).pathname

test.each(readdirSync(CONF).filter((file) => file.endsWith('.conflist')))(
  'conf/%s is right',
  async (file) => {
    const { findings } = await validate([`${CONF}${file}`], TERMS)
    // The one with every option names files that a node may have.
    const expected = readFileSync(`${CONF}${file}`, 'utf8').includes('configFiles')
      ? ['configFiles[0] "/etc/ip-masq/*.yaml" matches no file: ADDs work, but it adds no list']
      : []
    expect(findings.map(({ message }) => message)).toEqual(expected)
  },
)

test('the manifests of conf/kubernetes are right', async () => {
  const paths = readdirSync(`${CONF}kubernetes`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => `${CONF}kubernetes/${file}`)
  const { findings, files } = await validate(paths, { ...TERMS, readsNamedFiles: false })
  const withConfig = files.filter(({ kind }) => kind === 'manifest').map(({ file }) => file)
  expect(withConfig).toContain(`${CONF}kubernetes/base/config.yaml`)
  expect(withConfig).toContain(`${CONF}kubernetes/flannel/kube-flannel-cfg.yaml`)
  expect([
    ...new Set(findings.filter(({ severity }) => severity !== 'note').map(({ message }) => message)),
  ]).toEqual([
    'flannelSubnetFile "/run/flannel/subnet.env" is not looked at, because only nodes have it; name a directory that has it with --files-root',
  ])
})
