import { isObject, type JsonObject } from '../cni/json'
import type { Path } from '../config/path'
import type { Part } from './judgement'
import type { Text } from './text'

/** Kubernetes manifests that may have configs in them as text. */

export interface Embedded {
  readonly text: Text
  /** `ConfigMap ip-masq, config` */
  readonly place: string
}

/** Whether a document is a Kubernetes object, or a patch of one that has data. */
export function isManifest(value: unknown): value is JsonObject {
  if (!isObject(value)) return false
  const { kind, apiVersion, data } = value
  return (
    (typeof kind === 'string' && typeof apiVersion === 'string') || (kind === undefined && isObject(data))
  )
}

/** Returns the objects of a List, or the object itself. */
export function objectsIn(
  part: Part,
  value: JsonObject,
): { readonly part: Part; readonly value: JsonObject }[] {
  const { kind, items } = value
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [{ part, value }]
  return items.flatMap((item, i) =>
    isObject(item) ? [{ part: { ...part, path: [...part.path, 'items', i] }, value: item }] : [],
  )
}

/** Returns the texts of a ConfigMap's data, or the config of a Multus network (NetworkAttachmentDefinition). */
export function embeddedIn({ text, path, document }: Part, value: JsonObject): Embedded[] {
  const { kind, data, spec, metadata } = value
  const name = [kind ?? 'data', isObject(metadata) ? metadata.name : undefined]
    .filter((one) => one !== undefined)
    .join(' ')
  const textAt = (inner: Path, written: unknown): Embedded[] =>
    typeof written === 'string'
      ? [{ text: text.within([...path, ...inner], written, document), place: `${name}, ${inner.at(-1)}` }]
      : []
  if (kind === 'NetworkAttachmentDefinition') {
    return isObject(spec) ? textAt(['spec', 'config'], spec.config) : []
  }
  const isMap =
    kind === undefined || kind === 'ConfigMap' || (typeof value.kind !== 'string' && isObject(data))
  if (!isMap || !isObject(data)) return []
  return Object.entries(data).flatMap(([key, written]) => textAt(['data', key], written))
}

/** Finds the places where a container runs flanneld with its own masquerade. */
export function flanneldMasquerade(part: Part, value: JsonObject): Part[] {
  const path = ['spec', 'template', 'spec', 'containers']
  const containers = path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value)
  const list: readonly unknown[] = Array.isArray(containers) ? containers : []
  return list.flatMap((container, i) => {
    if (!isObject(container)) return []
    const { command = [], args = [] } = container
    const isFlanneld = [command, args].flat().some((word) => /(^|\/)flanneld$/.test(String(word)))
    if (!isFlanneld) return []
    return ['command', 'args'].flatMap((key) => {
      const words = container[key]
      const at = Array.isArray(words)
        ? words.findLastIndex((word) => /^--?ip-masq(=|$)/.test(String(word)))
        : -1
      const isOn = at >= 0 && Array.isArray(words) && !/=(0|f|false)$/i.test(String(words[at]))
      return isOn ? [{ ...part, path: [...part.path, ...path, i, key, at] }] : []
    })
  })
}
