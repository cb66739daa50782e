import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { helm, kubectl } from '../../scripts/packaging/kubernetes-tools'
import { ROOT } from '../../scripts/packaging/root'
import { ROWS } from '../../src/commands/rows'
import { parseCommand } from '../../src/commands/table/parse'
import { kustomize, MANIFESTS, type Manifest } from '../lab/kubernetes'
import { blocksIn } from '../lab/markdown'
import { readPage } from '../lab/pages'
import { run } from '../lab/run'
import { IN_A_CLUSTER, STORIES } from '../lab/stories'

/** The commands in the documents that need a cluster: the real tools read them, and what they name is in the manifests. */

/** Where the reader has cloned ip-masq. The tools ask a server that is not there. */
let home: string
let there: Awaited<ReturnType<typeof namesIn>>
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'ip-masq-reader-'))
  for (const folder of ['conf', 'charts']) await symlink(join(ROOT, folder), join(home, folder))
  for (const [name, tool] of Object.entries({ kubectl, helm })) {
    await writeFile(join(home, name), `#!/bin/sh\nexec ${(await tool()).join(' ')} "$@"\n`)
    await chmod(join(home, name), 0o755)
  }
  await writeFile(join(home, 'kubeconfig'), JSON.stringify(NOWHERE))
  for (const [name, object] of Object.entries(SAVED))
    await writeFile(join(home, `${name}.before.yaml`), JSON.stringify({ ...object, metadata: { name } }))
  for (const name of ['flannel-values', 'flannel-values.before'])
    await writeFile(join(home, `${name}.yaml`), '')
  // A directory of this name comes before a repository of it.
  await mkdir(join(home, 'flannel/flannel'), { recursive: true })
  await writeFile(join(home, 'flannel/flannel/Chart.yaml'), 'apiVersion: v2\nname: flannel\nversion: 0.0.1\n')
  there = await namesIn(['base', 'canary'])
})
afterAll(() => rm(home, { recursive: true }))

const NOWHERE = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'nowhere', cluster: { server: 'http://127.0.0.1:1' } }],
  contexts: [{ name: 'nowhere', context: { cluster: 'nowhere', user: 'nobody' } }],
  users: [{ name: 'nobody' }],
  'current-context': 'nowhere',
}

/** What a reader has saved of flannel. */
const SAVED = {
  'kube-flannel-cfg': { apiVersion: 'v1', kind: 'ConfigMap' },
  'kube-flannel-ds': { apiVersion: 'apps/v1', kind: 'DaemonSet' },
}

const type = (line: string) =>
  run('sh', ['-euc', `cd "$1"; ${line}`, 'sh', home], {
    env: { PATH: `${home}:${process.env.PATH}`, HOME: home, KUBECONFIG: join(home, 'kubeconfig') },
  })

/** Each line for itself, with what a reader fills in. */
const LINES = [...IN_A_CLUSTER, ...ofStories()]
  .flatMap((command) => command.split('\n'))
  .map((line) =>
    line
      .replace(/^pod=\$\((.*)\)$/, '$1')
      .replace('"$pod"', 'pod/ip-masq-x7k2p')
      .replace(/\b(NODE|POD|NAMESPACE|SERVER)\b/g, (word) => `my-${word.toLowerCase()}`),
  )

test.each([...new Set(LINES)])('%s', async (line) => {
  // What -k names is built before the server is asked.
  const { exitCode, stderr } = await type(line)
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringMatching(/127\.0\.0\.1:1\b.* refused/),
  })
  expect(missing(line)).toEqual([])
})

/** A story has something else in kubectl's place. */
function ofStories(): string[] {
  const typed = Object.values(STORIES).flatMap(({ steps }) => steps.map(({ type: line }) => line))
  return typed.filter((line) => line.startsWith('kubectl ')).map((line) => line.replace(/ \|.*/, ''))
}

test('what is in no manifest is found out', () => {
  const line = 'kubectl -n kube-system logs ds/ip-mask -l app.kubernetes.io/name=ip-mask'
  expect(missing(line)).toEqual(['kube-system/daemonset/ip-mask', 'app.kubernetes.io/name=ip-mask'])
  expect(missing('kubectl label node my-node ip-mask-canary=')).toEqual(['ip-mask-canary'])
})

/** What others have in their namespaces: test/packaging/kubernetes.test.ts has flannel's as far as our patches see them. */
const OF_OTHERS = [
  'kube-flannel/configmap/kube-flannel-cfg',
  'kube-flannel/daemonset/kube-flannel-ds',
  'kube-system/configmap/ip-masq-agent',
  'kube-system/daemonset/ip-masq-agent',
]

async function namesIn(overlays: readonly string[]) {
  const manifests = (await Promise.all(overlays.map((name) => kustomize(join(MANIFESTS, name))))).flat()
  const daemonSets = manifests.filter(({ kind }) => kind === 'DaemonSet') as unknown as DaemonSet[]
  const labels = daemonSets.map(({ spec }) => spec.template.metadata.labels)
  return {
    objects: [...OF_OTHERS, ...manifests.map(nameOf)],
    labels: labels.flatMap((pairs) => Object.entries(pairs).map((pair) => pair.join('='))),
    nodeLabels: [...JSON.stringify(daemonSets).matchAll(/"key":"([^"]+)"/g)].map(([, key]) => key),
  }
}

interface DaemonSet {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string> }
      readonly spec: {
        readonly containers: readonly {
          readonly args: readonly string[]
          readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
        }[]
        readonly volumes: readonly { readonly name: string; readonly hostPath?: { readonly path: string } }[]
      }
    }
  }
}

function nameOf({ kind, metadata }: Manifest): string {
  const { namespace, name } = metadata as { namespace: string; name: string }
  return `${namespace}/${kind.toLowerCase()}/${name}`
}

/** What a line names and no manifest has. Pods have names that nobody knows before. */
function missing(line: string): string[] {
  const [, namespace = ''] = /^kubectl -n (\S+) /.exec(line) ?? []
  const found = (pattern: RegExp) => [...line.matchAll(pattern)].map((match) => match.slice(1).join('/'))
  const objects = found(/ (daemonset|ds|configmap)[ /](\S+)/g).map(
    (name) => `${namespace}/${name.replace(/^ds\//, 'daemonset/')}`,
  )
  return [
    ...objects.filter((name) => !there.objects.includes(name)),
    ...found(/ -l (\S+)/g).filter((label) => !there.labels.includes(label)),
    ...found(/ label node \S+ ([\w-]+?)(?:=|-$)/g).filter((label) => !there.nodeLabels.includes(label)),
  ]
}

test('helm makes of the chart what the page says, with its options', async () => {
  const line = LINES.find((one) => one.startsWith('helm install ')) ?? ''
  const { exitCode, stdout } = await type(line.replace('helm install', 'helm template'))
  expect(exitCode).toBe(0)
  const manifests: Manifest[] = parseAllDocuments(stdout).map((document) => document.toJS())
  expect(manifests.map(nameOf)).toContain('kube-system/daemonset/ip-masq')
  expect(JSON.stringify(manifests)).toContain('"--network=cbr0"')
  const { data } = manifests.find(({ kind }) => kind === 'ConfigMap') as unknown as {
    data: Record<string, string>
  }
  expect(JSON.parse(data['ip-masq.json'] ?? '')).toMatchObject({ flannelSubnetFile: true })
})

/** The default list. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']

describe('the YAML in the pages', () => {
  const yamlIn = (page: string) =>
    blocksIn(readPage(page)).flatMap(({ language, text }) => (language === 'yaml' ? [text] : []))

  /** Built in a directory beside the clone, as the page says. kustomize goes by real paths. */
  async function build(overlay: string): Promise<Manifest[]> {
    const directory = await mkdtemp(join(ROOT, '.cache/overlay-'))
    try {
      const text = overlay.replaceAll(/- ip-masq\/(conf\/)/g, '- ../../$1')
      await writeFile(join(directory, 'kustomization.yaml'), text)
      return await kustomize(directory)
    } finally {
      await rm(directory, { recursive: true })
    }
  }

  test('docs/kubernetes.md: an overlay of an operator, with each component that is shown', async () => {
    const [overlay = '', ...others] = yamlIn('docs/kubernetes.md')
    const components = others.filter((text) => text.startsWith('components:'))
    const shown = [
      overlay,
      ...components.map((text) => `${overlay}\n${text}`.replace(/components:\n.*\n/, '')),
    ]
    expect(components).toHaveLength(1)
    for (const text of shown) {
      const built = await build(text)
      expect(JSON.stringify(built)).toContain('"image":"registry.example/ip-masq:')
      expect(JSON.stringify(built)).toContain('"--network=mynet"')
      const { data } = built.find(({ kind }) => kind === 'ConfigMap') as unknown as {
        data: Record<string, string>
      }
      expect(JSON.parse(data['ip-masq.json'] ?? '')).toMatchObject({ masqueradeCIDRs: ['10.100.10.0/24'] })
      expect(built.some(({ kind }) => kind === 'PodMonitor')).toBe(text.includes('components/prometheus'))
    }
  })

  test.each(['install', 'uninstall'] as const)(
    'docs/kubernetes.md: an overlay for other directories has them everywhere: %s',
    async (command) => {
      const [, overlay = ''] = yamlIn('docs/kubernetes.md')
      const resource = command === 'install' ? 'k3s' : 'uninstall-k3s'
      const built = await build(overlay.replace('kubernetes/k3s', `kubernetes/${resource}`))
      const daemonSet = built.find(({ kind }) => kind === 'DaemonSet') as unknown as DaemonSet
      const { containers, volumes } = daemonSet.spec.template.spec
      const [{ args, volumeMounts } = { args: [], volumeMounts: [] }] = containers
      const [binDir, confDir] = ['/data/k3s/data/cni', '/data/k3s/agent/etc/cni/net.d']
      expect(args[0]).toBe(command)
      const row = command === 'install' ? ROWS.install : ROWS.uninstall
      expect(parseCommand(row, args.slice(1), {})).toMatchObject({ binDir, confDir })
      const mounted = Object.fromEntries(volumeMounts.map(({ name, mountPath }) => [name, mountPath]))
      expect(mounted).toMatchObject({ 'cni-bin': `/host${binDir}`, 'cni-conf': `/host${confDir}` })
      const onHost = Object.fromEntries(volumes.map(({ name, hostPath }) => [name, hostPath?.path]))
      expect(onHost).toMatchObject({ 'cni-bin': binDir, 'cni-conf': confDir })
      expect(JSON.stringify(built)).not.toMatch(/"(?:\/host)?\/var\/lib\/rancher/)
    },
  )

  test('docs/neighbours/flannel.md: a list that is complete without a list of networks', async () => {
    const { flannel } = parse(yamlIn('docs/neighbours/flannel.md')[0] ?? '')
    const { plugins, ...list } = JSON.parse(flannel.cniConf)
    const example = JSON.parse(await readFile(join(ROOT, 'conf/cni-conf.json'), 'utf8'))
    expect({ ...list, plugins: plugins.slice(0, -1) }).toEqual({
      ...example,
      plugins: example.plugins.slice(0, -1),
    })
    const { nonMasqueradeCIDRs, ...rest } = example.plugins.at(-1)
    expect(plugins.at(-1)).toEqual(rest)
    expect(nonMasqueradeCIDRs).toEqual(PRIVATE)
    expect(flannel.args).toContain('--ip-masq=false')
  })
})
