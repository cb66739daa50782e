import type { Environment } from './environment'

/** One interface of one container, as the runtime names it. `network` is for people, and is not part of the identity. */
export interface Attachment {
  readonly containerID: string
  readonly ifname: string
  readonly network: string
  /** `namespace/name` where the runtime sends it in CNI_ARGS (Kubernetes), else empty. */
  readonly pod: string
  /** The pod's namespace in Kubernetes, from where `pod` is. */
  readonly namespace: string
}

/** The identity of an attachment. A DEL has nothing else to rely on: its config may be missing, or a different one. */
export type AttachmentName = Pick<Attachment, 'containerID' | 'ifname'>

export function parseAttachmentName(environment: Environment): AttachmentName {
  const { CNI_CONTAINERID: containerID = '', CNI_IFNAME: ifname = '' } = environment
  return { containerID, ifname }
}

/** `network` is its name in the config. */
export function parseAttachment(environment: Environment, network: string): Attachment {
  return { ...parseAttachmentName(environment), network, ...parsePod(parsePairs(environment.CNI_ARGS)) }
}

/** `K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-1;IgnoreUnknown=1`, the form that CNI_ARGS has by convention. */
function parsePairs(cniArgs: string | undefined): (readonly [string, string])[] {
  return (cniArgs ?? '').split(';').map((pair) => {
    const [key = '', ...value] = pair.split('=')
    return [key, value.join('=')]
  })
}

/** `shop/web-1` and `shop`, or empty texts where Kubernetes does not send them. Whatever is no pair is left out. */
export function parsePod(pairs: readonly unknown[]): Pick<Attachment, 'pod' | 'namespace'> {
  let namespace = ''
  let name = ''
  // By index: an iterator takes longer than all the rest.
  for (let i = 0; i < pairs.length; i++) {
    const pair: unknown = pairs[i]
    if (!Array.isArray(pair)) continue
    if (pair[0] === 'K8S_POD_NAMESPACE') namespace = String(pair[1])
    else if (pair[0] === 'K8S_POD_NAME') name = String(pair[1])
  }
  return { pod: name && `${namespace}/${name}`, namespace }
}
