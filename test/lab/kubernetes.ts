import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv, type ValidateFunction } from 'ajv'
import { execa } from 'execa'
import { parseAllDocuments } from 'yaml'
import { kubectl, openApiDocument } from '../../scripts/packaging/kubernetes-tools'

/** Manifests as a cluster sees them: built by the real kubectl, held against Kubernetes' own OpenAPI document. */

export type Manifest = Readonly<Record<string, unknown>> & {
  readonly apiVersion: string
  readonly kind: string
}

export const MANIFESTS = fileURLToPath(new URL('../../conf/kubernetes', import.meta.url))

/** `kubectl kustomize`; what `apply -k` would send. */
export async function kustomize(directory: string): Promise<Manifest[]> {
  const [command = '', ...args] = await kubectl()
  const { stdout, stderr } = await execa(command, [...args, 'kustomize', directory])
  if (stderr !== '') throw new Error(`kubectl kustomize ${directory} warns: ${stderr}`)
  return parseAllDocuments(stdout).map((document) => document.toJS())
}

/** An overlay of an operator's own: one of ours, with components of ours, and what the operator adds. */
export async function kustomizeWith(
  overlay: string,
  components: readonly string[],
  own: object = {},
): Promise<Manifest[]> {
  const directory = await mkdtemp(join(await realpath(tmpdir()), 'ip-masq-overlay-'))
  const path = (name: string) => relative(directory, join(MANIFESTS, name))
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [path(overlay)],
    components: components.map((name) => path(`components/${name}`)),
    ...own,
  }
  await writeFile(join(directory, 'kustomization.yaml'), JSON.stringify(kustomization))
  return kustomize(directory).finally(() => rm(directory, { recursive: true }))
}

/** `kubectl patch --local`: the object as it is afterwards. */
export async function patchLocally(object: object, args: readonly string[]): Promise<unknown> {
  const [command = '', ...first] = await kubectl()
  const { stdout } = await execa(command, [...first, 'patch', '--local', '-f', '-', '-o', 'json', ...args], {
    cwd: MANIFESTS,
    input: JSON.stringify(object),
  })
  return JSON.parse(stdout)
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: unknown
  readonly [key: string]: unknown
}

const RESOURCES = { propertyNames: { pattern: '^(cpu|memory|ephemeral-storage|hugepages-.+|.+/.+)$' } }

/**
 * What the API server checks in code, and this document does not say; from the API reference. By schema and property.
 */
const ALSO: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  'core.v1.Container': {
    imagePullPolicy: { enum: ['Always', 'Never', 'IfNotPresent'] },
    name: { pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' },
    image: { pattern: '^[a-z0-9][a-z0-9._:/-]*$' },
  },
  'core.v1.PodSpec': {
    dnsPolicy: { enum: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'] },
    restartPolicy: { enum: ['Always'] },
    priorityClassName: { enum: ['system-node-critical', 'system-cluster-critical'] },
    terminationGracePeriodSeconds: { minimum: 0 },
  },
  'core.v1.NodeSelectorRequirement': {
    operator: { enum: ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'] },
  },
  'core.v1.Toleration': { operator: { enum: ['Exists', 'Equal'] } },
  'core.v1.SeccompProfile': { type: { enum: ['RuntimeDefault', 'Unconfined', 'Localhost'] } },
  'core.v1.VolumeMount': {
    mountPropagation: { enum: ['None', 'HostToContainer', 'Bidirectional'] },
    mountPath: { pattern: '^/[^:]*$' },
    name: { pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' },
  },
  'core.v1.HostPathVolumeSource': {
    path: { pattern: '^/' },
    type: {
      enum: [
        '',
        'DirectoryOrCreate',
        'Directory',
        'FileOrCreate',
        'File',
        'Socket',
        'CharDevice',
        'BlockDevice',
      ],
    },
  },
  'core.v1.Volume': { name: { pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' } },
  'core.v1.EnvVar': { name: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' } },
  'core.v1.HTTPGetAction': { path: { pattern: '^/' }, port: { minimum: 1, maximum: 65535 } },
  'core.v1.ResourceRequirements': { limits: RESOURCES, requests: RESOURCES },
  'core.v1.Probe': { periodSeconds: { minimum: 1 }, timeoutSeconds: { minimum: 1 } },
  'core.v1.SecurityContext': { runAsUser: { minimum: 0 } },
  'core.v1.Capabilities': {
    add: { items: { type: 'string', pattern: '^[A-Z_]+$' } },
    drop: { items: { type: 'string', pattern: '^[A-Z_]+$' } },
  },
  'apps.v1.DaemonSetUpdateStrategy': { type: { enum: ['RollingUpdate', 'OnDelete'] } },
  'apps.v1.RollingUpdateDaemonSet': {
    maxUnavailable: { if: { type: 'string' }, else: { minimum: 1 }, pattern: '^(100|[1-9]?[0-9])%$' },
  },
}

/** Keys of Kubernetes 1.30, which is younger than the document. */
const NEWER: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  'core.v1.VolumeMount': {
    recursiveReadOnly: { type: 'string', enum: ['Disabled', 'IfPossible', 'Enabled'] },
  },
}

/** `metadata`: names, and labels with their syntax. */
const NAME = { pattern: '^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$' }
const LABELS = {
  propertyNames: { pattern: '^([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$' },
  additionalProperties: { type: 'string', pattern: '^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$' },
}

export type Validate = (manifest: unknown) => string[]

/** A cluster's answer to a manifest: its complaints. A key that it does not know is one, as for kubectl. */
export async function createValidator(): Promise<Validate> {
  const { components } = JSON.parse(await readFile(await openApiDocument(), 'utf8'))
  const schemas = Object.fromEntries(
    Object.entries(components.schemas as Record<string, Schema>).map(([name, schema]) => [
      name,
      strict(name, schema),
    ]),
  )
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
  ajv.addSchema({ $id: 'kubernetes', components: { schemas } })
  const compiled = new Map<string, ValidateFunction>()
  return (manifest) => {
    const name = schemaName(manifest)
    if (!(name in schemas)) return [`no kind ${name}`]
    const validate = compiled.get(name) ?? ajv.compile({ $ref: `kubernetes#/components/schemas/${name}` })
    compiled.set(name, validate)
    validate(manifest)
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  }
}

function schemaName(manifest: unknown): string {
  const { apiVersion = '', kind = '' } = manifest as { apiVersion?: unknown; kind?: unknown }
  const [version = '', group = 'core'] = String(apiVersion).split('/').reverse()
  return `io.k8s.api.${group.split('.')[0]}.${version}.${String(kind)}`
}

const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity'

function strict(name: string, schema: Schema): Schema {
  if (name === INT_OR_STRING) return { type: ['integer', 'string'] }
  if (name === QUANTITY)
    return { type: ['number', 'string'], pattern: '^[0-9]+(\\.[0-9]+)?([EPTGMk]i?|m|u|n|Ki)?$' }
  if (!schema.properties) return schema
  const short = name.replace('io.k8s.api.', '')
  const also = ALSO[short] ?? {}
  const properties = Object.fromEntries(
    Object.entries({ ...schema.properties, ...NEWER[short] }).map(([key, property]) => [
      key,
      { ...property, ...also[key] },
    ]),
  )
  if (name.endsWith('.ObjectMeta')) Object.assign(properties, metadata(properties))
  return { ...schema, properties, additionalProperties: false }
}

function metadata({ name, labels }: Readonly<Record<string, Schema>>) {
  return { name: { ...name, ...NAME }, labels: { ...labels, ...LABELS } }
}
