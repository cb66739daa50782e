import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ExecaError } from 'execa'
import { thisArchitecture } from '../../scripts/packaging/architecture'
import { imageOf } from '../../scripts/packaging/image'
import { ociArchive } from '../../scripts/packaging/oci'
import type { Containerd } from './containerd'
import type { Manifest } from './kubernetes'
import { EXECUTABLES } from './plugin'
import { NODE } from './site'
import { until } from './watch'

/** The container of a DaemonSet, started by containerd as a kubelet would have it started: from the manifest. */
export interface Running {
  /** Both outputs, from the beginning. */
  log(): Promise<string>
  /** Status of the manifest's probes; 0 where nothing answers. */
  alive(): Promise<number>
  ready(): Promise<number>
  /** What a node that is not ready says of itself. */
  reasons(): Promise<string>
  /** Runs the executable in the container, as kubectl exec. */
  exec(line: string): Promise<string>
  /** What is mounted in the container: each place with its options. */
  mounts(): Promise<{ readonly place: string; readonly options: readonly string[] }[]>
  /** A new content of the ConfigMap, as a kubelet publishes it. */
  publish(config: object): Promise<void>
  /** SIGTERM, and the exit status; then the container is gone. */
  terminate(): Promise<number>
}

interface Container {
  readonly image: string
  readonly args: readonly string[]
  readonly env?: readonly Variable[]
  readonly resources: { readonly limits: { readonly memory: string } }
  readonly livenessProbe: Probe
  readonly readinessProbe: Probe
  readonly securityContext: {
    readonly allowPrivilegeEscalation: boolean
    readonly readOnlyRootFilesystem: boolean
    readonly capabilities: { readonly add: readonly string[]; readonly drop: readonly string[] }
    readonly seccompProfile: { readonly type: string }
  }
  readonly volumeMounts: readonly {
    readonly name: string
    readonly mountPath: string
    readonly readOnly?: boolean
    readonly recursiveReadOnly?: string
    readonly mountPropagation?: string
  }[]
}

interface Variable {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } }
}

interface Probe {
  readonly httpGet: { readonly host: string; readonly port: number; readonly path: string }
}

interface PodSpec {
  readonly hostNetwork: boolean
  readonly containers: readonly Container[]
  readonly volumes: readonly {
    readonly name: string
    readonly hostPath?: { readonly path: string; readonly type: string }
    readonly configMap?: { readonly name: string }
  }[]
}

/** The image that scripts/image makes, with the executable of this build, in containerd's store. */
export async function importImage(containerd: Containerd): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'ip-masq-image-'))
  try {
    const architecture = thisArchitecture()
    const image = await imageOf(architecture, {
      executable: EXECUTABLES.native,
      notices: 'See the release.\n',
    })
    const { archive } = await ociArchive([image])
    await writeFile(join(directory, 'image.tar'), archive)
    await containerd.ctr(`images import ${directory}/image.tar`)
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** What containerd gives a container that asks for nothing; `drop: ALL` takes it away. */
const DEFAULT_CAPABILITIES = (
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT ' +
  'KILL AUDIT_WRITE'
).split(' ')

/** What is carried out here, or says nothing to a runtime. Another key would be tried with half of what it asks for. */
const POD_KEYS = (
  'affinity automountServiceAccountToken containers dnsPolicy enableServiceLinks hostNetwork nodeSelector priorityClassName ' +
  'serviceAccountName terminationGracePeriodSeconds tolerations volumes'
).split(' ')
const CONTAINER_KEYS =
  'args env image imagePullPolicy livenessProbe name ports readinessProbe resources securityContext volumeMounts'.split(
    ' ',
  )
const SECURITY_KEYS =
  'allowPrivilegeEscalation capabilities readOnlyRootFilesystem runAsUser seLinuxOptions seccompProfile'.split(
    ' ',
  )

function requireKnown(object: object, keys: readonly string[]): void {
  const unknown = Object.keys(object).filter((key) => !keys.includes(key))
  if (unknown.length > 0)
    throw new Error(`Cannot run the DaemonSet: nothing is done about ${unknown.join(', ')}`)
}

let count = 0

export interface RunOptions {
  /** A capability that the container does not get. */
  readonly without?: string
  readonly moreArgs?: readonly string[]
  /**
   * Waits for the end of the container, and throws with what it said. The log of a container that ends at once may stay empty,
   * because the shim ends too.
   */
  readonly isForeground?: boolean
}

export async function runDaemonSet(
  containerd: Containerd,
  manifests: readonly Manifest[],
  { without, moreArgs = [], isForeground = false }: RunOptions = {},
): Promise<Running> {
  const daemonSet = manifests.find(({ kind }) => kind === 'DaemonSet')
  if (!daemonSet) throw new Error('there is no DaemonSet')
  const pod = (daemonSet.spec as { template: { spec: PodSpec } }).template.spec
  const [container] = pod.containers
  if (!container || !pod.hostNetwork) throw new Error('not the pod that this can run')
  requireKnown(pod, POD_KEYS)
  requireKnown(container, CONTAINER_KEYS)
  requireKnown(container.securityContext, SECURITY_KEYS)
  const { securityContext, volumeMounts, args, env = [], image, resources } = container
  const data = manifests.find(({ kind }) => kind === 'ConfigMap')?.data as Record<string, string>
  const directory = await mkdtemp(join(tmpdir(), 'ip-masq-pod-'))
  const publish = (content: Readonly<Record<string, string>>) =>
    publishVolume(join(directory, 'config'), content)
  await publish(data)

  const mounts: string[] = []
  for (const { name, mountPath, readOnly, recursiveReadOnly, mountPropagation } of volumeMounts) {
    const { hostPath } = pod.volumes.find((volume) => volume.name === name) ?? {}
    const source = hostPath?.path ?? join(directory, 'config')
    if (hostPath?.type === 'DirectoryOrCreate') await containerd.shell(`mkdir -p ${source}`)
    if (hostPath?.type === 'FileOrCreate') await containerd.shell(`[ -e ${source} ] || touch ${source}`)
    const propagation = mountPropagation === 'HostToContainer' ? 'rslave' : 'rprivate'
    const access = recursiveReadOnly === 'IfPossible' ? 'rro' : readOnly === true ? 'ro' : 'rw'
    const options = ['rbind', propagation, access].join(':')
    mounts.push(`--mount type=bind,src=${source},dst=${mountPath},options=${options}`)
  }
  const variables = env.map((variable) => [variable.name, textOf(variable)] as const)
  // As a kubelet does it: $(NAME).
  const expand = (text: string) =>
    variables.reduce((all, [variable, value]) => all.replaceAll(`$(${variable})`, value), text)
  const name = `daemon-set-${count++}`
  const { capabilities } = securityContext
  const add = capabilities.add.filter((one) => one !== without)
  const kept = capabilities.drop.includes('ALL') ? add : DEFAULT_CAPABILITIES
  const capability = (what: string) => (one: string) => `--cap-${what} CAP_${one}`
  const flags = [
    '--net-host',
    ...(securityContext.readOnlyRootFilesystem ? ['--read-only'] : []),
    ...(securityContext.allowPrivilegeEscalation ? ['--allow-new-privs'] : []),
    ...(securityContext.seccompProfile.type === 'RuntimeDefault' ? ['--seccomp'] : []),
    // ctr drops after it has added.
    ...DEFAULT_CAPABILITIES.filter((one) => !kept.includes(one)).map(capability('drop')),
    ...add.map(capability('add')),
    ...variables.map(([variable, value]) => `--env ${variable}=${value}`),
    ...mounts,
    `--memory-limit ${Number.parseInt(resources.limits.memory, 10) << 20}`,
  ]
  const how = isForeground ? '--rm' : `-d --log-uri file://${directory}/log`
  await containerd.ctr(
    `run ${how} ${flags.join(' ')} ${image} ${name} ip-masq ${[...args.map(expand), ...moreArgs].join(' ')}`,
  )
  const ask = ({ httpGet: { host, port, path } }: Probe) => {
    const line = `exec 3<>/dev/tcp/${host}/${port}; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`
    return containerd.shell(`{ ${line}; } 2>/dev/null || true`)
  }
  const probe = async (what: Probe) => Number((await ask(what)).split(' ')[1] ?? 0)
  return {
    log: () => readFile(join(directory, 'log'), 'utf8'),
    alive: () => probe(container.livenessProbe),
    ready: () => probe(container.readinessProbe),
    reasons: () => ask(container.readinessProbe),
    exec: (line) => containerd.ctr(`task exec --exec-id exec-${count++} ${name} ip-masq ${line}`),
    async mounts() {
      const list = await containerd.ctr('task ls')
      const pid = list.match(`${name} +(\\d+)`)?.[1]
      const lines = (await readFile(`/proc/${pid}/mountinfo`, 'utf8')).trim().split('\n')
      return lines.map((line) => {
        const [, , , , place = '', options = ''] = line.split(' ')
        return { place, options: options.split(',') }
      })
    },
    publish: (config) => publish({ 'ip-masq.json': JSON.stringify(config) }),
    async terminate() {
      await containerd.ctr(`task kill -s SIGTERM ${name}`)
      // `task rm` ends with the task's own exit status; until that has ended it refuses.
      const remove = () => containerd.ctr(`task rm ${name}`).then(() => 0, statusOf)
      await until(async () => (await containerd.ctr('task ls')).match(`${name} .*STOPPED`) !== null)
      const status = await remove()
      await containerd.ctr(`container rm ${name}`)
      await rm(directory, { recursive: true })
      return status
    },
  }
}

/** A pod in the host's network has the node's address. */
function textOf({ name, value, valueFrom }: Variable): string {
  if (value !== undefined) return value
  if (valueFrom?.fieldRef.fieldPath === 'status.podIP') return NODE.ipv4
  throw new Error(`Cannot run the DaemonSet: nothing is done about ${name}`)
}

function statusOf(error: unknown): number {
  return error instanceof ExecaError ? (error.exitCode ?? -1) : -1
}

/** A ConfigMap's volume: files are links into a directory that is a link itself, which is moved to the new content. */
async function publishVolume(volume: string, content: Readonly<Record<string, string>>): Promise<void> {
  const version = `..version-${count++}`
  await mkdir(join(volume, version), { recursive: true })
  for (const [file, text] of Object.entries(content)) {
    await writeFile(join(volume, version, file), text)
    await symlink(`..data/${file}`, join(volume, file)).catch(() => {})
  }
  await symlink(version, join(volume, '..new'))
  await rename(join(volume, '..new'), join(volume, '..data'))
}
