import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { version } from '../../package.json'
import { ALL } from '../../scripts/packaging/architecture'
import { IMAGE } from '../../scripts/packaging/image'
import { ROWS } from '../../src/commands/rows'
import { parseCommand } from '../../src/commands/table/parse'
import { parseConfig } from '../../src/config/parse'
import { PROFILES } from '../../src/install/profiles'
import {
  createValidator,
  kustomize,
  kustomizeWith,
  MANIFESTS,
  type Manifest,
  patchLocally,
  type Validate,
} from '../lab/kubernetes'

/** conf/kubernetes, as `kubectl apply -k` would send it. */

const OVERLAYS = ['base', 'canary', 'flannel', 'k3s', 'uninstall', 'uninstall-k3s'] as const
const built = new Map<string, Manifest[]>()
let validate: Validate
beforeAll(async () => {
  validate = await createValidator()
  for (const overlay of OVERLAYS) built.set(overlay, await kustomize(join(MANIFESTS, overlay)))
})

/** The parts of a manifest that tests look at. */
interface DaemonSet {
  readonly metadata: { readonly name: string; readonly namespace: string }
  readonly spec: {
    readonly selector: { readonly matchLabels: Record<string, string> }
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string> }
      readonly spec: {
        readonly serviceAccountName: string
        readonly containers: readonly {
          readonly image: string
          readonly args: readonly string[]
          readonly env?: readonly { readonly name: string; readonly value: string }[]
          readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
          readonly livenessProbe: { readonly httpGet: { readonly port: number } }
          readonly readinessProbe: { readonly httpGet: { readonly port: number } }
        }[]
        readonly volumes: readonly {
          readonly name: string
          readonly hostPath?: { readonly path: string }
          readonly configMap?: { readonly name: string }
        }[]
      }
    }
  }
}

const manifests = (overlay: string) => built.get(overlay) ?? []
const one = (overlay: string, kind: string) => {
  const found = manifests(overlay).filter((manifest) => manifest.kind === kind)
  expect(found).toHaveLength(1)
  return found[0] as unknown
}
const daemonSet = (overlay: string) => one(overlay, 'DaemonSet') as DaemonSet
const configIn = (overlay: string) =>
  JSON.parse((one(overlay, 'ConfigMap') as { data: Record<string, string> }).data['ip-masq.json'] ?? '')

describe.each(OVERLAYS)('%s', (overlay) => {
  test('is what a cluster takes', () => {
    expect(manifests(overlay).map(({ kind }) => kind)).toEqual(['ServiceAccount', 'ConfigMap', 'DaemonSet'])
    for (const manifest of manifests(overlay)) expect(validate(manifest)).toEqual([])
    expect(dangling(manifests(overlay))).toEqual([])
  })

  test('runs this version, with arguments that ip-masq knows, and asks it where it answers', () => {
    const [container] = daemonSet(overlay).spec.template.spec.containers
    expect(container?.image).toBe(`${IMAGE}:${version}`)
    const [command = '', ...args] = container?.args ?? []
    const row = overlay.startsWith('uninstall') ? ROWS.uninstall : ROWS.install
    expect(command).toBe(row.name)
    const port = container?.livenessProbe.httpGet.port
    expect(parseCommand(row, args, {})).toMatchObject({ root: '/host', watch: true, healthPort: port })
    expect(container?.readinessProbe.httpGet.port).toBe(port)
  })

  test('gives commands that are run in the container the same root', () => {
    const [container] = daemonSet(overlay).spec.template.spec.containers
    const environment = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]))
    expect(environment).toMatchObject({ IP_MASQ_ROOT: '/host' })
    expect(parseCommand(ROWS.gc, [], environment)).toMatchObject({ root: '/host' })
  })

  test('mounts the directories of its profile where the host has them, below the host that is seen', () => {
    const { containers, volumes } = daemonSet(overlay).spec.template.spec
    const [{ args, volumeMounts } = { args: [], volumeMounts: [] }] = containers
    const profile = args.find((arg) => arg.startsWith('--profile='))?.slice('--profile='.length) ?? 'default'
    const { binDir, confDir } = PROFILES[profile as keyof typeof PROFILES]
    const mounted = Object.fromEntries(volumeMounts.map(({ name, mountPath }) => [name, mountPath]))
    const onHost = Object.fromEntries(volumes.map(({ name, hostPath }) => [name, hostPath?.path]))
    expect(onHost).toMatchObject({ host: '/', 'cni-bin': binDir, 'cni-conf': confDir })
    expect(mounted).toMatchObject({
      host: '/host',
      'cni-bin': `/host${binDir}`,
      'cni-conf': `/host${confDir}`,
      'xtables-lock': `/host${onHost['xtables-lock']}`,
    })
    // A mount that comes first would be hidden by the one above it.
    expect(volumeMounts[0]?.name).toBe('host')
  })

  test('has a config that an ADD would take', () => {
    expect(parseConfig(configIn(overlay))).toBeTruthy()
  })
})

test('the pod asks for what it needs, and for nothing else', () => {
  const { containers, volumes: _, ...pod } = daemonSet('base').spec.template.spec
  const [container] = containers
  const { args: _args, image: _image, ...rest } = container ?? { args: [], image: '' }
  const probe = (path: string) => ({ httpGet: { host: '127.0.0.1', port: 10298, path } })
  expect(containers).toHaveLength(1)
  expect(pod).toEqual({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            {
              matchExpressions: [
                { key: 'kubernetes.io/arch', operator: 'In', values: ALL },
                { key: 'ip-masq-canary', operator: 'DoesNotExist' },
              ],
            },
          ],
        },
      },
    },
    automountServiceAccountToken: false,
    dnsPolicy: 'Default',
    enableServiceLinks: false,
    hostNetwork: true,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    priorityClassName: 'system-node-critical',
    serviceAccountName: 'ip-masq',
    terminationGracePeriodSeconds: 10,
    tolerations: [{ operator: 'Exists' }],
  })
  expect(rest).toEqual({
    name: 'ip-masq',
    imagePullPolicy: 'IfNotPresent',
    env: [{ name: 'IP_MASQ_ROOT', value: '/host' }],
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '128Mi' } },
    livenessProbe: { ...probe('/livez'), periodSeconds: 30, timeoutSeconds: 5 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 10, timeoutSeconds: 5 },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'SYS_CHROOT'] },
      readOnlyRootFilesystem: true,
      runAsUser: 0,
      seLinuxOptions: { type: 'spc_t' },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [
      { name: 'host', mountPath: '/host', readOnly: true, mountPropagation: 'HostToContainer' },
      { name: 'cni-bin', mountPath: '/host/opt/cni/bin' },
      { name: 'cni-conf', mountPath: '/host/etc/cni/net.d' },
      { name: 'xtables-lock', mountPath: '/host/run/xtables.lock' },
      { name: 'config', mountPath: '/etc/ip-masq', readOnly: true },
      ...['proc', 'sys', 'dev'].map((name) => ({
        ...{ name, mountPath: `/host/${name}`, readOnly: true, recursiveReadOnly: 'IfPossible' },
      })),
    ],
  })
  expect(one('base', 'ServiceAccount')).toMatchObject({ automountServiceAccountToken: false })
})

test('a mount that is recursively read-only receives no mounts of the host: the API server refuses both', () => {
  for (const overlay of OVERLAYS)
    for (const mount of daemonSet(overlay).spec.template.spec.containers[0]?.volumeMounts ?? [])
      if ('recursiveReadOnly' in mount)
        expect(mount).toMatchObject({ readOnly: true, name: expect.stringMatching(/^(proc|sys|dev)$/) })
})

test('more capabilities only where they are needed', () => {
  const added = (overlay: string) =>
    (daemonSet(overlay).spec.template.spec.containers[0] as { securityContext?: object } | undefined)
      ?.securityContext
  const adding = (...more: string[]) => ({
    capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'SYS_CHROOT', ...more] },
  })
  for (const overlay of ['base', 'flannel', 'uninstall']) expect(added(overlay)).toMatchObject(adding())
  for (const overlay of ['k3s', 'uninstall-k3s']) expect(added(overlay)).toMatchObject(adding('NET_RAW'))
})

test.each([
  ['iptables-legacy', ['NET_ADMIN', 'SYS_CHROOT', 'NET_RAW'], 3],
  ['other-owners', ['NET_ADMIN', 'SYS_CHROOT', 'DAC_OVERRIDE', 'CHOWN'], 3],
  ['before-1.30', ['NET_ADMIN', 'SYS_CHROOT'], 0],
] as const)('the component %s', async (component, capabilities, recursive) => {
  const all = await kustomizeWith('base', [component])
  for (const manifest of all) expect(validate(manifest)).toEqual([])
  const text = JSON.stringify(all)
  expect(text).toContain(`"add":${JSON.stringify(capabilities)}`)
  expect(text.split('"recursiveReadOnly"')).toHaveLength(recursive + 1)
})

test('a component for nodes without a registry pulls nothing', async () => {
  const all = await kustomizeWith('base', ['air-gap'])
  for (const manifest of all) expect(validate(manifest)).toEqual([])
  const [container] = containersOf(all)
  expect(container).toMatchObject({ image: `${IMAGE}:${version}`, imagePullPolicy: 'Never' })
})

test.each([
  ['install', ['openshift']],
  ['uninstall', ['uninstall', 'openshift']],
])('a component for OpenShift has its directories and its constraint: %s', async (command, components) => {
  const all = await kustomizeWith('base', components)
  for (const manifest of all) expect(validate(manifest)).toEqual([])
  const account = { kind: 'ServiceAccount', name: 'ip-masq', namespace: 'kube-system' }
  expect(all).toContainEqual(
    expect.objectContaining({
      kind: account.kind,
      metadata: expect.objectContaining({ name: account.name, namespace: account.namespace }),
    }),
  )
  expect(all.find(({ kind }) => kind === 'RoleBinding')).toMatchObject({
    metadata: { namespace: account.namespace },
    roleRef: { kind: 'ClusterRole', name: 'system:openshift:scc:privileged' },
    subjects: [account],
  })
  const [container] = containersOf(all)
  const [verb, ...args] = container?.args ?? []
  expect(verb).toBe(command)
  expect(parseCommand(command === 'install' ? ROWS.install : ROWS.uninstall, args, {})).toMatchObject({
    profile: 'openshift',
  })
  const { binDir, confDir } = PROFILES.openshift
  const found = all.find(({ kind }) => kind === 'DaemonSet') as unknown as DaemonSet
  expect(directoriesOf(found)).toEqual({
    mounted: [`/host${binDir}`, `/host${confDir}`],
    onHost: [binDir, confDir],
  })
})

/** The directories of executables and of conflists. */
function directoriesOf({ spec }: DaemonSet) {
  const { containers, volumes } = spec.template.spec
  const names = ['cni-bin', 'cni-conf']
  const mounts = containers[0]?.volumeMounts ?? []
  return {
    mounted: names.map((name) => mounts.find((mount) => mount.name === name)?.mountPath),
    onHost: names.map((name) => volumes.find((volume) => volume.name === name)?.hostPath?.path),
  }
}

test('a component for the Prometheus operator serves metrics where it scrapes them, with the alerts that are tested', async () => {
  const all = await kustomizeWith('base', ['prometheus'])
  const [container] = containersOf(all)
  for (const manifest of all.filter(({ apiVersion }) => !apiVersion.startsWith('monitoring.coreos.com/')))
    expect(validate(manifest)).toEqual([])
  // The kubelet puts the variable in.
  const args = (container?.args ?? []).slice(1).map((arg) => arg.replace('$(IP_MASQ_POD_IP)', 'fd00::1'))
  const { metricsAddress } = parseCommand(ROWS.install, args, {}) ?? {}
  expect(metricsAddress?.text).toBe('[fd00::1]:10299')
  expect(container).toMatchObject({
    env: [
      { name: 'IP_MASQ_ROOT', value: '/host' },
      { name: 'IP_MASQ_POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    ],
    ports: [{ name: 'metrics', containerPort: 10299, protocol: 'TCP' }],
  })
  const monitoring = (kind: string) => all.find((manifest) => manifest.kind === kind)
  expect(monitoring('PodMonitor')).toMatchObject({
    metadata: { namespace: 'kube-system' },
    spec: { podMetricsEndpoints: [{ port: 'metrics', path: '/metrics' }] },
  })
  const rules = await readFile(new URL('../../conf/prometheus/ip-masq.rules.yaml', import.meta.url), 'utf8')
  expect(monitoring('PrometheusRule')).toMatchObject({
    metadata: { namespace: 'kube-system' },
    spec: parse(rules),
  })
})

test('the canary is a DaemonSet of its own, and no node gets both', () => {
  const [base, canary] = [daemonSet('base'), daemonSet('canary')]
  expect(canary.metadata.name).toBe('ip-masq-canary')
  expect(canary.spec.selector.matchLabels).toEqual({ 'app.kubernetes.io/name': 'ip-masq-canary' })
  expect(base.spec.selector.matchLabels).toEqual({ 'app.kubernetes.io/name': 'ip-masq' })
  const on = (operator: string) => expect.stringContaining(`"key":"ip-masq-canary","operator":"${operator}"`)
  expect(JSON.stringify(base)).toEqual(on('DoesNotExist'))
  expect(JSON.stringify(canary)).toEqual(on('Exists'))
  const { volumes, serviceAccountName } = canary.spec.template.spec
  expect(volumes.flatMap(({ configMap }) => (configMap ? [configMap.name] : []))).toEqual(['ip-masq-canary'])
  expect(serviceAccountName).toBe('ip-masq-canary')
})

test('components for flannel and for uninstall keep what an overlay of an operator says', async () => {
  const own = {
    images: [{ name: IMAGE, newName: 'registry.example/ip-masq', newTag: 'mine' }],
    patches: [
      {
        target: { kind: 'DaemonSet' },
        patch: '[{ "op": "add", "path": "/spec/template/spec/nodeSelector/pool", "value": "canary" }]',
      },
    ],
  }
  for (const components of [['flannel'], ['uninstall'], ['flannel', 'uninstall']]) {
    const all = await kustomizeWith('base', components, own)
    for (const manifest of all) expect(validate(manifest)).toEqual([])
    const [container] = containersOf(all)
    expect(container?.image).toBe('registry.example/ip-masq:mine')
    expect(container?.args[0]).toBe(components.includes('uninstall') ? 'uninstall' : 'install')
    expect(JSON.stringify(all)).toContain('"nodeSelector":{"kubernetes.io/os":"linux","pool":"canary"}')
  }
})

test('flannel and k3s name their network, so that no other is patched in its place', () => {
  for (const overlay of ['flannel', 'k3s'])
    expect(daemonSet(overlay).spec.template.spec.containers[0]?.args).toContain('--network=cbr0')
})

test.each(['uninstall', 'uninstall-k3s'])('%s gives the primary plugin its masquerade back', (overlay) => {
  expect(daemonSet(overlay).spec.template.spec.containers[0]?.args).toContain('--restore-primary-masq')
})

test.each(['uninstall', 'uninstall-k3s'])('%s: no node waits for another', (overlay) => {
  const { updateStrategy } = daemonSet(overlay).spec as unknown as { updateStrategy: object }
  expect(updateStrategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%' } })
})

test('flannel: the patch for kube-flannel-cfg has the example in conf/, with the config of the overlay', async () => {
  const patch = parse(await readFile(join(MANIFESTS, 'flannel/kube-flannel-cfg.yaml'), 'utf8'))
  const conflist = JSON.parse(patch.data['cni-conf.json'])
  const example = JSON.parse(await readFile(new URL('../../conf/cni-conf.json', import.meta.url), 'utf8'))
  expect(Object.keys(patch)).toEqual(['data'])
  expect(conflist).toEqual(example)
  expect(conflist.plugins.at(-1)).toEqual({ type: 'ip-masq', ...configIn('flannel') })
})

/** The stock manifests of flannel, as far as the patches see them. */
const FLANNEL = {
  configMap: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-flannel-cfg', namespace: 'kube-flannel' },
    data: { 'cni-conf.json': '{}', 'net-conf.json': '{ "Network": "10.99.0.0/16" }' },
  },
  daemonSet: {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'kube-flannel-ds', namespace: 'kube-flannel' },
    spec: {
      selector: { matchLabels: { app: 'flannel' } },
      template: {
        metadata: { labels: { app: 'flannel' } },
        spec: {
          containers: [
            {
              name: 'kube-flannel',
              image: 'flannel',
              args: ['--ip-masq', '--kube-subnet-mgr', '--iface=eth1'],
            },
          ],
        },
      },
    },
  },
} as const

test('flannel: the patches change their own keys alone, as kubectl applies them', async () => {
  const { configMap, daemonSet: flannelDs } = FLANNEL
  const patched = await patchLocally(configMap, ['--patch-file', 'flannel/kube-flannel-cfg.yaml'])
  const { data } = patched as { data: Record<string, string> }
  expect(data['net-conf.json']).toBe(configMap.data['net-conf.json'])
  expect(JSON.parse(data['cni-conf.json'] ?? '').plugins.at(-1).type).toBe('ip-masq')
  const restarted = await patchLocally(flannelDs, [
    '--type',
    'json',
    '--patch-file',
    'flannel/kube-flannel-ds.json',
  ])
  const [container] = (restarted as typeof flannelDs).spec.template.spec.containers
  // Go's flags: the last one counts.
  const { args } = flannelDs.spec.template.spec.containers[0]
  expect(container?.args).toEqual([...args, '--ip-masq=false'])

  const back = await patchLocally(patched as object, [
    '--patch-file',
    'flannel/kube-flannel-cfg-without.yaml',
  ])
  const conflist = JSON.parse(
    (back as typeof patched as { data: Record<string, string> }).data['cni-conf.json'] ?? '',
  )
  expect(conflist.plugins.map(({ type }: { type: string }) => type)).toEqual(['flannel', 'portmap'])
  expect(conflist.plugins[0].delegate).toEqual({ hairpinMode: true, isDefaultGateway: true })
  const file = ['--type', 'json', '--patch-file', 'flannel/kube-flannel-ds-without.json']
  const again = (await patchLocally(restarted as object, file)) as typeof flannelDs
  expect(again.spec.template.spec.containers[0].args).toEqual([...args, '--ip-masq=false', '--ip-masq=true'])
})

describe('what a cluster would reject', () => {
  /** Every place of a manifest, and the copies in which it is broken in one way. */
  function* broken(manifest: unknown): Generator<{ what: string; copy: unknown }> {
    for (const path of placesIn(manifest)) {
      const name = path.join('.')
      const [key, parent] = [path.at(-1), path.slice(0, -1)]
      if (typeof key === 'string' && !isFreeForm(path)) {
        yield {
          what: `${name} misspelled`,
          copy: changed(manifest, parent, (object) => renameKey(object as Record<string, unknown>, key)),
        }
      }
      yield { what: `${name} of another type`, copy: changed(manifest, path, otherType) }
      const value = otherValue(path.reduce<unknown>(at, manifest))
      if (value !== undefined)
        yield { what: `${name} with a value that it cannot have`, copy: changed(manifest, path, () => value) }
    }
  }

  /** Keys that are the user's own. */
  const isFreeForm = (path: readonly (string | number)[]) =>
    ['labels', 'matchLabels', 'nodeSelector', 'data'].includes(String(path.at(-2)))

  /** Strings of which the server takes any: they are names of other things, or for the program. */
  const ANY_STRING =
    /\.(namespace|serviceAccountName|args\.\d+|host|value|kubernetes\.io\/os|ip-masq\.json|matchExpressions\.\d+\.key|values\.\d+)$|seLinux|matchLabels|configMap\.name/

  test.each(['base', 'k3s', 'flannel', 'uninstall'])('%s: each field, broken once', (overlay) => {
    let tried = 0
    const accepted: string[] = []
    for (const manifest of manifests(overlay)) {
      for (const { what, copy } of broken(manifest)) {
        tried++
        if (validate(copy).length === 0) accepted.push(`${manifest.kind} ${what}`)
      }
    }
    expect(accepted.filter((what) => !ANY_STRING.test(what.split(' ')[1] ?? ''))).toEqual([])
    expect(accepted.filter((what) => !what.endsWith('with a value that it cannot have'))).toEqual([])
    expect(tried).toBeGreaterThan(200)
  })

  test.each([
    ['DaemonSet', ['spec', 'selector']],
    ['DaemonSet', ['spec', 'template']],
    ['DaemonSet', ['spec', 'template', 'spec', 'containers']],
    ['DaemonSet', ['spec', 'template', 'spec', 'containers', 0, 'name']],
    ['DaemonSet', ['spec', 'template', 'spec', 'containers', 0, 'volumeMounts', 0, 'name']],
    ['DaemonSet', ['spec', 'template', 'spec', 'containers', 0, 'volumeMounts', 0, 'mountPath']],
    ['DaemonSet', ['spec', 'template', 'spec', 'containers', 0, 'livenessProbe', 'httpGet', 'port']],
    ['DaemonSet', ['spec', 'template', 'spec', 'containers', 0, 'securityContext', 'seccompProfile', 'type']],
    ['DaemonSet', ['spec', 'template', 'spec', 'volumes', 0, 'name']],
    ['DaemonSet', ['spec', 'template', 'spec', 'volumes', 0, 'hostPath', 'path']],
  ])('%s without %j', (kind, path) => {
    const copy = changed(one('base', kind), path, () => undefined)
    expect(validate(JSON.parse(JSON.stringify(copy))).join()).toContain('required property')
  })

  test.each([
    ['a selector that is not in its pods', ['spec', 'selector', 'matchLabels', 'app.kubernetes.io/name']],
    ['a mount of no volume', ['spec', 'template', 'spec', 'containers', 0, 'volumeMounts', 1, 'name']],
    ['a ConfigMap that is not there', ['spec', 'template', 'spec', 'volumes', 4, 'configMap', 'name']],
    ['a ServiceAccount that is not there', ['spec', 'template', 'spec', 'serviceAccountName']],
    ['another namespace than the ServiceAccount', ['metadata', 'namespace']],
    [
      'two mounts in one place',
      ['spec', 'template', 'spec', 'containers', 0, 'volumeMounts', 2, 'mountPath'],
      '/host/opt/cni/bin',
    ],
  ])('%s', (_, path, value = 'other') => {
    const others = manifests('base').filter(({ kind }) => kind !== 'DaemonSet')
    const copy = changed(one('base', 'DaemonSet'), path as (string | number)[], () => value) as Manifest
    expect(dangling([...others, copy])).toHaveLength(1)
  })
})

function containersOf(all: readonly Manifest[]) {
  const found = all.find(({ kind }) => kind === 'DaemonSet') as unknown as DaemonSet
  return found.spec.template.spec.containers
}

/** References in the DaemonSet that lead nowhere: the server, or the kubelet, finds them. */
function dangling(all: readonly Manifest[]): string[] {
  const { metadata, spec } = all.find(({ kind }) => kind === 'DaemonSet') as unknown as DaemonSet
  const { containers, volumes, serviceAccountName } = spec.template.spec
  const has = (kind: string, name: string) =>
    all.some((other) => {
      const theirs = other.metadata as { name: string; namespace: string }
      return other.kind === kind && theirs.name === name && theirs.namespace === metadata.namespace
    })
  const mounts = containers.flatMap(({ volumeMounts }) => volumeMounts)
  const problems: string[] = []
  for (const [key, value] of Object.entries(spec.selector.matchLabels))
    if (spec.template.metadata.labels[key] !== value) problems.push(`selector ${key}`)
  for (const { name } of mounts)
    if (!volumes.some((volume) => volume.name === name)) problems.push(`mount ${name}`)
  if (new Set(mounts.map(({ mountPath }) => mountPath)).size < mounts.length)
    problems.push('mounts in one place')
  const configMaps = volumes.flatMap(({ configMap }) => (configMap ? [configMap.name] : []))
  const needed = [['ServiceAccount', serviceAccountName], ...configMaps.map((name) => ['ConfigMap', name])]
  const isElsewhere = needed.every(([kind = '', name = '']) => !has(kind, name))
  if (isElsewhere) return [...problems, `namespace ${metadata.namespace}`]
  return [...problems, ...needed.filter(([kind = '', name = '']) => !has(kind, name)).map(String)]
}

type Path = readonly (string | number)[]

function* placesIn(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* placesIn(item, [...path, index])
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) yield* placesIn(item, [...path, key])
}

const at = (value: unknown, key: string | number) => (value as Record<string | number, unknown>)[key]

/** A copy with another value in one place. */
function changed(value: unknown, path: Path, change: (old: unknown) => unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return change(value)
  const copy = structuredClone(value) as Record<string | number, unknown>
  copy[key] = changed(copy[key], rest, change)
  return copy
}

const renameKey = (object: Record<string, unknown>, key: string) =>
  Object.fromEntries(Object.entries(object).map(([name, item]) => [name === key ? `${name}x` : name, item]))

const otherType = (old: unknown) => (typeof old === 'object' ? 'a string' : { an: 'object' })

/** A value of the same type that means nothing; undefined where each value of the type means something. */
function otherValue(old: unknown): unknown {
  if (typeof old === 'string') return '\u0000 not this'
  return typeof old === 'number' ? -1 : undefined
}
