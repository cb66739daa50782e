import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { prometheusPrograms } from '../../scripts/packaging/prometheus'
import { ROOT } from '../../scripts/packaging/root'
import { FAMILIES } from '../../src/metrics/families'
import { type CachedNetwork, createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace } from '../lab/namespace'
import { EXECUTABLES, runCommand } from '../lab/plugin'
import { until } from '../lab/watch'

/** Debian's Prometheus and its promtool: they read our metrics, our alerts and the expressions of our dashboard. */

let programs: Awaited<ReturnType<typeof prometheusPrograms>>
beforeAll(async () => {
  programs = await prometheusPrograms()
})

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-prometheus-'))
})
afterEach(() => rm(directory, { recursive: true }))

const RULES = join(ROOT, 'conf/prometheus/ip-masq.rules.yaml')

async function promtool(args: readonly string[], input = '') {
  const { exitCode, stdout, stderr } = await execa(programs.promtool, args, { input, reject: false })
  return { exitCode, said: `${stdout}${stderr}` }
}

describe('the metrics', () => {
  let node: Namespace
  let network: CachedNetwork
  beforeEach(async () => {
    node = await createNamespace('prometheus')
    network = await createCachedNetwork(node)
    await network.writeConflist({ logFile: join(network.cacheDir, 'ip-masq.log') })
    await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
    await network.add('b', ['10.244.1.8/24'])
  })
  afterEach(async () => {
    await network.delete()
    await node.delete()
  })

  const directories = () => `--conf-dir ${network.confDir} --cache-dir ${network.cacheDir}`

  const startWatch = () =>
    node
      .start(
        'bash',
        '-c',
        `exec ${EXECUTABLES.native} sync --watch --interval 2s ${directories()} --metrics-address 127.0.0.1:10299 2>${directory}/watch`,
      )
      .stdout?.resume()

  test('of the command have nothing that promtool would change', async () => {
    const { status, stdout, stderr } = await runCommand(node, `metrics ${directories()}`)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('ip_masq_cni_failures_total')
    expect(await promtool(['check', 'metrics'], `${stdout}\n`)).toEqual({ exitCode: 0, said: '' })
  })

  test('are refused by promtool where they are wrong', async () => {
    const { stdout } = await runCommand(node, `metrics ${directories()}`)
    expect((await promtool(['check', 'metrics'], stdout)).said).toContain('unexpected end of input stream')
    const unknown = stdout.replaceAll('ip_masq_cni_failures_total', 'ip_masq_cni_failures')
    expect((await promtool(['check', 'metrics'], `${unknown}\n`)).said).toContain('"_total"')
  })

  test('of a watch are scraped by Prometheus, which sees rules come back', async () => {
    startWatch()
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [RULES],
      scrape_configs: [{ job_name: 'ip-masq', static_configs: [{ targets: ['127.0.0.1:10299'] }] }],
    }
    await writeFile(join(directory, 'prometheus.yml'), JSON.stringify(config))
    const options = `--config.file=${directory}/prometheus.yml --storage.tsdb.path=${directory}/data --web.listen-address=127.0.0.1:9090`
    node.start('bash', '-c', `exec ${programs.prometheus} ${options} >${directory}/log 2>&1`)
    /** What Prometheus answers: the value of the one series there is. */
    const query = async (expression: string) => {
      const { stdout } = await execa(
        'ip',
        [
          'netns',
          'exec',
          node.name,
          programs.promtool,
          'query',
          'instant',
          'http://127.0.0.1:9090',
          expression,
        ],
        { reject: false },
      )
      return / => (\S+) @/.exec(stdout)?.[1]
    }
    await until(async () => (await query('up{job="ip-masq"}')) === '1')
    await until(async () => (await query('ip_masq_ready{loop="sync"}')) === '1')
    expect(await query('ip_masq_attachments{network="cbr0",place="nftables"}')).toBe('2')
    expect(await query('ip_masq_sync_changes_total{change="restored"}')).toBe('0')
    await node.sh('nft flush ruleset')
    await until(async () => (await query('ip_masq_sync_changes_total{change="restored"}')) === '2')
    await network.add('c', ['10.244.1.9/24'])
    await until(async () => (await query('ip_masq_attachments{network="cbr0",place="nftables"}')) === '3')
    // All that is exported was understood.
    const { stdout } = await runCommand(node, `metrics ${directories()}`)
    const own = new Set([...stdout.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
    for (const name of own) {
      const series = FAMILIES[name as keyof typeof FAMILIES].type === 'summary' ? `${name}_count` : name
      expect(await query(`count(${series})`), name).toMatch(/^[1-9]\d*$/)
    }
    expect(await readFile(join(directory, 'log'), 'utf8')).not.toContain('level=error')
  })
})

/** The names of metrics in an expression. */
const metricsIn = (expression: string) =>
  expression.match(/\b(?:ip_masq|node|up)(?:_\w+)?\b(?=[{\s)[]|$)/g) ?? []

/** What a rule or a panel may name. */
const EXPORTED = new Set(
  Object.entries(FAMILIES).flatMap(([name, { type }]) =>
    type === 'summary' ? [`${name}_sum`, `${name}_count`] : [name],
  ),
)

describe('the alerts', () => {
  test('fire when they should, and not otherwise', async () => {
    const text = await readFile(join(ROOT, 'test/prometheus/rules.test.yaml'), 'utf8')
    const file = join(directory, 'rules.test.yaml')
    await writeFile(file, text.replace('- RULES', `- ${RULES}`))
    expect(await promtool(['test', 'rules', file])).toMatchObject({ exitCode: 0 })
    // Each has a test in which it fires.
    const { groups } = parse(await readFile(RULES, 'utf8'))
    for (const { alert } of groups[0].rules)
      expect(text).toMatch(new RegExp(`alertname: ${alert}\n\\s+exp_alerts:`))
  })

  test('name no metric but ours, up, and the age of our file', async () => {
    const { groups } = parse(await readFile(RULES, 'utf8'))
    const names = groups[0].rules.flatMap(({ expr }: { expr: string }) => metricsIn(expr))
    expect(names.length).toBeGreaterThan(5)
    const others = names.filter((name: string) => !EXPORTED.has(name))
    expect([...new Set(others)].sort()).toEqual(['node_textfile_mtime_seconds', 'up'])
  })
})

describe('the dashboard', () => {
  interface Panel {
    readonly title: string
    readonly targets: readonly { readonly expr: string }[]
  }
  const readPanels = async (): Promise<readonly Panel[]> =>
    JSON.parse(await readFile(join(ROOT, 'conf/grafana/ip-masq.json'), 'utf8')).panels

  test('has expressions that Prometheus takes', async () => {
    const expressions = (await readPanels()).flatMap(({ targets }) => targets.map(({ expr }) => expr))
    const rules = expressions.map((expr, i) => ({
      record: `panel:${i}`,
      expr: expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '5m'),
    }))
    const file = join(directory, 'dashboard.yaml')
    const check = async (all: readonly object[]) => {
      await writeFile(
        file,
        JSON.stringify({ groups: all.map((rule, i) => ({ name: `${i}`, rules: [rule] })) }),
      )
      return promtool(['check', 'rules', file])
    }
    expect(await check(rules)).toMatchObject({
      exitCode: 0,
      said: expect.stringContaining(`${rules.length} rules found`),
    })
    expect(await check([{ record: 'x', expr: 'sum by (ip_masq_ready' }])).toMatchObject({ exitCode: 1 })
  })

  test('names only metrics that we export, and all of them', async () => {
    const names = (await readPanels()).flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => metricsIn(expr)),
    )
    expect([...new Set(names)].sort()).toEqual([...EXPORTED].sort())
  })
})
