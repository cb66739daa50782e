import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { version } from '../../package.json'
import { chartFiles } from '../../scripts/packaging/chart'
import { IMAGE } from '../../scripts/packaging/image'
import { helm } from '../../scripts/packaging/kubernetes-tools'
import { ROOT } from '../../scripts/packaging/root'
import { PROFILES } from '../../src/install/profiles'
import { kustomizeWith, type Manifest } from '../lab/kubernetes'

/** charts/ip-masq, as the real helm renders it: the same objects as kustomize makes of conf/kubernetes. */

const CHART = join(ROOT, 'charts/ip-masq')

async function runHelm(command: string, values: object = {}, ...flags: string[]) {
  const [file = '', ...first] = await helm()
  const args = [
    command,
    ...(command === 'template' ? ['ip-masq'] : []),
    CHART,
    '-n',
    'kube-system',
    '-f',
    '-',
  ]
  return execa(file, [...first, ...args, ...flags], { input: JSON.stringify(values), reject: false })
}

async function rendered(values: object = {}): Promise<readonly Manifest[]> {
  const { stdout, stderr, failed } = await runHelm('template', values)
  if (failed) throw new Error(stderr)
  return parseAllDocuments(stdout).map((document) => document.toJS())
}

/** In one order, and our config as what it says: its white space is of no matter. */
function objects(all: readonly Manifest[]) {
  const read = (manifest: Manifest) => {
    const data = manifest.data as Record<string, string> | undefined
    return data ? { ...manifest, data: JSON.parse(data['ip-masq.json'] ?? '') } : manifest
  }
  return [...all].sort((a, b) => (a.kind < b.kind ? -1 : 1)).map(read)
}

test.each(await chartFiles())('%s is what scripts/chart makes', async (name, text) => {
  // The formatter decides about white space in JSON.
  const read = name.endsWith('.json') ? JSON.parse : String
  expect(read(await readFile(join(CHART, name), 'utf8'))).toEqual(read(text))
})

test('helm finds nothing to complain of', async () => {
  const { stdout, exitCode } = await runHelm('lint', {}, '--strict')
  expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed')
  expect(exitCode).toBe(0)
})

test('the chart is of this version, and names this image', async () => {
  expect(parse(await readFile(join(CHART, 'Chart.yaml'), 'utf8'))).toMatchObject({
    version,
    appVersion: version,
  })
  expect(parse(await readFile(join(CHART, 'values.yaml'), 'utf8')).image.repository).toBe(IMAGE)
})

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']
const FLANNEL = { nonMasqueradeCIDRs: PRIVATE, flannelSubnetFile: true }

describe('the same objects as kustomize makes', () => {
  test.each([
    ['base', [], {}],
    ['base', ['air-gap'], { image: { pullPolicy: 'Never' } }],
    ['base', ['iptables-legacy'], { iptablesLegacy: true }],
    ['base', ['other-owners'], { otherOwners: true }],
    ['base', ['prometheus'], { podMonitor: { enabled: true } }],
    ['flannel', [], { network: 'cbr0', config: FLANNEL }],
    [
      'k3s',
      [],
      {
        profile: 'k3s',
        network: 'cbr0',
        iptablesLegacy: true,
        config: { ...FLANNEL, pinExemptions: true },
        extraEnv: [
          {
            name: 'PATH',
            value:
              '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/var/lib/rancher/k3s/data/current/bin/aux',
          },
        ],
      },
    ],
  ])('%s with %j', async (overlay, components, values) => {
    expect(objects(await rendered(values))).toEqual(objects(await kustomizeWith(overlay, components)))
  })

  test('with what an operator adds', async () => {
    const patch = [
      { op: 'add', path: '/spec/template/spec/nodeSelector/pool', value: 'edge' },
      {
        op: 'replace',
        path: '/spec/template/spec/tolerations',
        value: [{ key: 'edge', operator: 'Exists' }],
      },
      { op: 'add', path: '/spec/template/spec/containers/0/args/-', value: '--log-format=json' },
    ]
    const own = {
      images: [{ name: IMAGE, newName: 'registry.example/ip-masq', newTag: 'mine' }],
      patches: [{ target: { kind: 'DaemonSet' }, patch: JSON.stringify(patch) }],
    }
    const values = {
      image: { repository: 'registry.example/ip-masq', tag: 'mine' },
      nodeSelector: { pool: 'edge' },
      tolerations: [{ key: 'edge', operator: 'Exists' }],
      extraArgs: ['--log-format=json'],
    }
    expect(objects(await rendered(values))).toEqual(objects(await kustomizeWith('base', [], own)))
  })
})

test('a label by which a Prometheus selects', async () => {
  const all = await rendered({ podMonitor: { enabled: true, labels: { release: 'prometheus' } } })
  for (const kind of ['PodMonitor', 'PrometheusRule'])
    expect(all.find((one) => one.kind === kind)?.metadata).toMatchObject({
      labels: { 'app.kubernetes.io/name': 'ip-masq', release: 'prometheus' },
    })
})

test.each(Object.entries(PROFILES))(
  'the directories of the profile %s',
  async (profile, { binDir, confDir }) => {
    const text = JSON.stringify(await rendered({ profile }))
    for (const directory of [binDir, confDir]) {
      expect(text).toContain(`"path":"${directory}"`)
      expect(text).toContain(`"mountPath":"/host${directory}"`)
    }
  },
)

test.each([
  ['a mistyped value', { netwrok: 'cbr0' }, 'netwrok'],
  ['a mistyped key of our config', { config: { nonMasqueradeCIDR: [] } }, 'nonMasqueradeCIDR'],
  ['a profile that does not exist', { profile: 'kubeadm' }, 'profile'],
  ['a port that does not exist', { healthPort: 70000 }, 'healthPort'],
])('%s is refused', async (_, values, said) => {
  const { stderr, exitCode } = await runHelm('template', values)
  expect(exitCode).toBe(1)
  expect(stderr).toContain(said)
})
