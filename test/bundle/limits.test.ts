import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, EXECUTABLES, resultWith } from '../lab/plugin'

/** How deep and how long what is read may be, from wherever it comes: a refusal, a warning, and never a crash. */

let node: Namespace
let directory: string
beforeAll(async () => {
  node = await createNamespace('limits')
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-limits-'))
})
afterAll(async () => {
  await node.delete()
  await rm(directory, { recursive: true })
})

/** Either side of where the engines' own parsers, and what calls itself for each level, give up. */
const DEPTHS = [400, 4000, 15_000, 200_000]

const inLists = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const inObjects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

describe.each(Object.entries(EXECUTABLES))('%s', (name, executable) => {
  const call = (command: string, config: unknown) => callPlugin(node, command, { executable, config })
  const run = async (line: string) => {
    const { status, stdout, stderr } = await callPlugin(node, undefined, {
      executable: `${executable} ${line}`,
      config: '',
    })
    return { status, said: `${stdout}${stderr}` }
  }

  /** It ended by itself, with a reason that is no defect of ours. */
  const expectReason = ({ status, said }: { readonly status: number | undefined; readonly said: string }) => {
    expect([0, 1]).toContain(status)
    expect(said).not.toMatch(/defect|InternalError|RangeError|stack/)
  }

  describe.each(DEPTHS)('nested %d deep:', (depth) => {
    const values = [inLists(depth), inObjects(depth)]

    test('on stdin', async () => {
      for (const value of values) {
        const configs = [
          `{"unknown": ${value},`,
          `{"args": {"x": ${value}}, "runtimeConfig": {"y": ${value}},`,
          `{"nonMasqueradeCIDRs": ${value},`,
        ]
        for (const start of configs) {
          const config = JSON.stringify(configWith([])).replace('{', start)
          const { status, stdout, stderr } = await call('ADD', config)
          expectReason({ status, said: `${stdout}${stderr}` })
          expect(await call('DEL', config)).toMatchObject({ status: 0, stdout: '' })
        }
      }
    })

    test('in a conflist, a cache file and a config file', async () => {
      for (const value of values) {
        const site = await mkdtemp(join(directory, 'site-'))
        const [confDir, cacheDir, binDir, file] = ['net.d', 'cni', 'bin', 'config.json'].map((entry) =>
          join(site, entry),
        ) as [string, string, string, string]
        await Promise.all(
          [confDir, join(cacheDir, 'results'), binDir].map((at) => mkdir(at, { recursive: true })),
        )
        const conflist = join(confDir, '10-pods.conflist')
        const own = { type: 'ip-masq', configFiles: [file] }
        const plugins = `[{"type": "bridge", "x": ${value}}, ${JSON.stringify(own)}]`
        await writeFile(conflist, `{"cniVersion": "1.0.0", "name": "pods", "plugins": ${plugins}}`)
        const entry = {
          kind: 'cniCacheV1',
          containerId: 'c',
          ifName: 'eth0',
          networkName: 'pods',
          config: 'e30=',
        }
        const cached = `{"result": {"x": ${value}}, "cniArgs": ${value}, ${JSON.stringify(entry).slice(1)}`
        await writeFile(join(cacheDir, 'results/pods-c-eth0'), cached)
        await writeFile(file, `{"masqLinkLocal": ${value}}`)

        const where = `--conf-dir ${confDir} --cache-dir ${cacheDir}`
        for (const command of ['sync', 'gc']) expectReason(await run(`${command} ${where}`))
        expectReason(await run(`convert ${file}`))
        const { status, json } = await call('ADD', configWith([], { configFiles: [file] }))
        expect({ status, json }).toEqual({
          status: 1,
          json: expect.objectContaining({
            code: 7,
            msg: expect.stringContaining(`configFiles[0] "${file}"`),
          }),
        })
        if (name === 'node') continue
        // What calls itself for each level is not let near a text that is nested deeper than any conflist.
        const install = await run(`install --bin-dir ${binDir} --conf-dir ${confDir}`)
        const uninstall = await run(`uninstall --bin-dir ${binDir} ${where} --force`)
        for (const one of [install, uninstall]) expectReason(one)
        if (depth === 400) continue
        expect(install).toEqual({ status: 1, said: expect.stringContaining('nest less deeply') })
        expect(uninstall).toEqual({
          status: 1,
          said: expect.stringContaining(`${conflist} names it; take it out by hand`),
        })
      }
    })
  })

  test('5,000 prefixes and a result of 10 MB', async () => {
    const nonMasqueradeCIDRs = Array.from({ length: 5000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`)
    const prevResult = { ...resultWith(['10.244.1.7/24']), x: 'y'.repeat(10 << 20) }
    const config = { ...configWith([], { nonMasqueradeCIDRs }), prevResult }
    const { status, stdout, stderr } = await call('ADD', config)
    expect({ status, stderr, isSame: stdout === JSON.stringify(prevResult) }).toEqual({
      ...{ status: 0, stderr: '', isSame: true },
    })
    expect(await call('DEL', config)).toMatchObject({ status: 0, stdout: '', stderr: '' })
  })
})
